import { SluiceError } from '../errors.ts';
import { workloadName } from '../names.ts';
import type { Observation, ObservedPod } from '../observation.ts';
import type { Plan, PlannedBatch, PlannedPod, PlannedShape } from '../plan.ts';
import { plannedChange } from '../planner/change.ts';
import { plannedGate } from '../planner/gates.ts';
import { requireNoOrder } from '../planner/mode.ts';
import { nodeLabel, zoneOf } from '../planner/ordering.ts';
import { plannedPod } from '../planner/plannedPod.ts';
import { plannedRules } from '../planner/rules.ts';
import { countOf, milliseconds } from '../quantity.ts';
import type { ReleaseSpec } from '../spec.ts';
import { estimateBlueGreen } from './estimate.ts';
import { blueGreenGates, defaultKeepOld, groups, type PlannedBlueGreen } from './plan.ts';
import { byName, nothingSeen, requireDeployment, requireRoom, requireServices, slots } from './require.ts';
import { blueGreenWarnings } from './warnings.ts';
import { blueGreenWrites } from './writes.ts';

export type BlueGreenDraft = Omit<Plan, 'writes' | 'estimateSeconds' | 'warnings'> & {
  readonly blueGreen: PlannedBlueGreen;
};

/**
 * What blue/green will do: as many new pods beside the old, a gate, the switch of the Services, a time to go back, and
 * the old pods go. Pure; the same answer for the pods in any order.
 * @throws MODE_UNSUPPORTED, NOT_IN_PLACE, IMAGE_UNCHANGED, CONTAINER_NOT_FOUND, NO_PODS, NO_ROOM, WORKLOAD_UNFIT (no Service to
 *   switch, a way out of traffic that is none)
 */
export function planBlueGreen(spec: ReleaseSpec, observation: Observation): Plan {
  const { strategy, gates } = spec;
  const { target, replicas } = observation;
  requireDeployment(target, 'BlueGreen');
  requireNoOrder(spec);
  const change = plannedChange(spec, observation);
  if (observation.pods.length === 0 || replicas === 0) {
    throw new SluiceError('NO_PODS', `${workloadName(target)} has no pods: there is nobody to switch from.`);
  }
  const seen = observation.blueGreen ?? nothingSeen;
  const services = requireServices(spec, observation, seen);
  requireRoom(observation, seen);
  const keepOldMs = milliseconds(strategy.blueGreen?.keepOld ?? defaultKeepOld);
  const { previewService } = strategy.blueGreen ?? {};
  const order = { spreadBy: nodeLabel(strategy.order.spreadBy) };
  const after = plannedGate(gates.afterBatch);
  const shape: PlannedShape = { batches: ['100%'], maxUnavailable: '100%', ...order, gate: after };
  const old = (pod: ObservedPod): PlannedPod =>
    plannedPod(pod, change.to, observation.templateImages, zoneOf(pod, order));
  const batches: readonly PlannedBatch[] = [
    {
      name: groups.green,
      pods: slots(replicas),
      mayFail: 0,
      gate: { id: blueGreenGates.green, ...plannedGate(gates.afterGray) },
    },
    {
      name: groups.blue,
      pods: observation.pods.toSorted(byName).map(old),
      mayFail: 0,
      gate: { id: blueGreenGates.blue, ...after, bakeMs: Math.max(keepOldMs, after.bakeMs), early: true },
    },
  ];
  const draft: BlueGreenDraft = {
    app: spec.metadata.name ?? target.name,
    target,
    uid: observation.uid,
    mode: {
      asked: strategy.mode,
      used: 'BlueGreen',
      reason: `Blue/green: ${countOf(replicas, 'pod')} of the new version beside the ${observation.pods.length} of the old, then the switch; gray group, batches and maxUnavailable have no meaning.`,
    },
    change,
    blueGreen: { services, keepOldMs, ...(previewService !== undefined && { previewService }) },
    batches,
    replicas,
    maxUnavailable: replicas,
    ...plannedRules(spec, observation, []),
    shape,
  };
  return {
    ...draft,
    writes: blueGreenWrites(draft, observation),
    estimateSeconds: estimateBlueGreen(draft, observation.findings.probeSeconds),
    warnings: blueGreenWarnings(draft, spec, observation),
  };
}
