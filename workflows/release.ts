import { continueAsNew } from '@temporalio/workflow';
import { compensate } from './compensate.ts';
import type { ReleaseResult } from './contract/status.ts';
import type { ReleaseInput } from './contract/workflows.ts';
import { forward } from './forward.ts';
import { handOver } from './handOver.ts';
import { live } from './live.ts';
import type { ReleaseState } from './state.ts';

/** One release of one workload: plan → acquire → gray → gate → batch → gate … → commit, or back. See live.ts. */
export function release(input: ReleaseInput, carried?: ReleaseState): Promise<ReleaseResult> {
  const next = (again: ReleaseInput, state: ReleaseState) => continueAsNew<typeof release>(again, state);
  return live(input, carried, { forward, compensate, handOver, next });
}
