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
import type { ReleaseSpec } from '../spec.ts';
import type { BlueGreenObservation } from './observation.ts';
import { byName, requireDeployment, requireRoom, requireServices } from './require.ts';

type Head = Pick<Plan, 'app' | 'target' | 'uid' | 'change' | 'replicas' | 'maxUnavailable' | 'shape'> &
  ReturnType<typeof plannedRules>;

/** What the plans have in common in which new pods stand beside the old. */
export interface Beside {
  readonly head: Head;
  /** Who is switched. */
  readonly services: readonly string[];
  readonly oldPods: readonly PlannedPod[];
  /** The gate of gates.afterBatch. */
  readonly after: Omit<PlannedBatch['gate'], 'id'>;
}

/**
 * Pure. `nobody`: what cannot be done without pods, as `there is nobody to switch from`.
 * @throws MODE_UNSUPPORTED, NOT_IN_PLACE, IMAGE_UNCHANGED, CONTAINER_NOT_FOUND, NO_PODS, NO_ROOM, WORKLOAD_UNFIT (no Service to
 *   switch, a way out of traffic that is none)
 */
export function planBeside(
  spec: ReleaseSpec,
  observation: Observation,
  seen: BlueGreenObservation,
  nobody: string,
): Beside {
  const { strategy, gates, metadata } = spec;
  const { target, replicas, pods, templateImages } = observation;
  requireDeployment(target, strategy.mode);
  requireNoOrder(spec);
  const change = plannedChange(spec, observation);
  if (pods.length === 0 || replicas === 0) {
    throw new SluiceError('NO_PODS', `${workloadName(target)} has no pods: ${nobody}.`);
  }
  const services = requireServices(spec, observation, seen);
  requireRoom(observation, seen);
  const order = { spreadBy: nodeLabel(strategy.order.spreadBy) };
  const after = plannedGate(gates.afterBatch);
  const shape: PlannedShape = { batches: ['100%'], maxUnavailable: '100%', ...order, gate: after };
  const old = (pod: ObservedPod): PlannedPod => plannedPod(pod, change.to, templateImages, zoneOf(pod, order));
  const head = {
    app: metadata.name ?? target.name,
    target,
    uid: observation.uid,
    change,
    replicas,
    maxUnavailable: replicas,
    ...plannedRules(spec, observation, []),
    shape,
  };
  return { head, services, oldPods: pods.toSorted(byName).map(old), after };
}
