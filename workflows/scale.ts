import { continueAsNew } from '@temporalio/workflow';
import type { ReleaseResult } from './contract/status.ts';
import type { ReleaseInput } from './contract/workflows.ts';
import { live } from './live.ts';
import { compensateScale } from './scale/compensate.ts';
import { scaleForward } from './scale/forward.ts';
import { handOverScale } from './scale/handOver.ts';
import type { ReleaseState } from './state.ts';

/**
 * One workload to another number of pods: plan → acquire → batch → gate … → given back, or back. It has the workflow id of
 * a release of that workload, so that nobody does both at once, and takes the same messages.
 */
export function scale(input: ReleaseInput, carried?: ReleaseState): Promise<ReleaseResult> {
  const next = (again: ReleaseInput, state: ReleaseState) => continueAsNew<typeof scale>(again, state);
  return live(input, carried, {
    forward: scaleForward,
    compensate: compensateScale,
    handOver: handOverScale,
    next,
  });
}
