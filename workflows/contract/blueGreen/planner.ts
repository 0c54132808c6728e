import type { Observation } from '../observation.ts';
import type { Plan, PlannedBatch } from '../plan.ts';
import { plannedGate } from '../planner/gates.ts';
import { countOf, milliseconds } from '../quantity.ts';
import type { ReleaseSpec } from '../spec.ts';
import { planBeside } from './beside.ts';
import { estimateBlueGreen } from './estimate.ts';
import { blueGreenGates, defaultKeepOld, groups, type PlannedBlueGreen } from './plan.ts';
import { nothingSeen, slots } from './require.ts';
import { blueGreenWarnings } from './warnings.ts';
import { blueGreenWrites } from './writes.ts';

export type BlueGreenDraft = Omit<Plan, 'writes' | 'estimateSeconds' | 'warnings'> & {
  readonly blueGreen: PlannedBlueGreen;
};

/**
 * What blue/green will do: as many new pods beside the old, a gate, the switch of the Services, a time to go back, and
 * the old pods go. Pure; the same answer for the pods in any order.
 * @throws as planBeside
 */
export function planBlueGreen(spec: ReleaseSpec, observation: Observation): Plan {
  const { strategy, gates } = spec;
  const { replicas } = observation;
  const seen = observation.blueGreen ?? nothingSeen;
  const { head, services, oldPods, after } = planBeside(spec, observation, seen, 'there is nobody to switch from');
  const keepOldMs = milliseconds(strategy.blueGreen?.keepOld ?? defaultKeepOld);
  const { previewService } = strategy.blueGreen ?? {};
  const batches: readonly PlannedBatch[] = [
    {
      name: groups.green,
      pods: slots(replicas),
      mayFail: 0,
      gate: { id: blueGreenGates.green, ...plannedGate(gates.afterGray) },
    },
    {
      name: groups.blue,
      pods: oldPods,
      mayFail: 0,
      gate: { id: blueGreenGates.blue, ...after, bakeMs: Math.max(keepOldMs, after.bakeMs), early: true },
    },
  ];
  const draft: BlueGreenDraft = {
    ...head,
    mode: {
      asked: strategy.mode,
      used: 'BlueGreen',
      reason: `Blue/green: ${countOf(replicas, 'pod')} of the new version beside the ${observation.pods.length} of the old, then the switch; gray group, batches and maxUnavailable have no meaning.`,
    },
    blueGreen: { services, keepOldMs, ...(previewService !== undefined && { previewService }) },
    batches,
  };
  return {
    ...draft,
    writes: blueGreenWrites(draft, observation),
    estimateSeconds: estimateBlueGreen(draft, observation.findings.probeSeconds),
    warnings: blueGreenWarnings(draft, spec, observation),
  };
}
