import { planBlueGreen } from './blueGreen/planner.ts';
import { planCanary } from './canary/planner.ts';
import { SluiceError } from './errors.ts';
import { hasBegun } from './hotSwap/roles.ts';
import { hasAll } from './imageName.ts';
import { kindOf } from './kinds.ts';
import { workloadName } from './names.ts';
import type { Observation, ObservedPod } from './observation.ts';
import type { Plan, PlannedBatch, PlannedChange, PlannedPod, PlannedShape } from './plan.ts';
import { batchName, gateId, mayFail, surplus, unavailable } from './planner/batching.ts';
import { plannedChange } from './planner/change.ts';
import { type Divided, dividedPods } from './planner/divide.ts';
import { estimateSeconds } from './planner/estimate.ts';
import { plannedGate } from './planner/gates.ts';
import { grayGroup } from './planner/gray.ts';
import { plannedMode, surges } from './planner/mode.ts';
import { inOrder, nodeLabel, type PodOrder, requireOrdinals, zoneOf } from './planner/ordering.ts';
import { plannedPod } from './planner/plannedPod.ts';
import { plannedPrePull } from './planner/prePull.ts';
import { runsReload } from './planner/reload.ts';
import { plannedRules } from './planner/rules.ts';
import { supersedingChange, withOrigin } from './planner/supersede.ts';
import { requireTraffic } from './planner/traffic.ts';
import { plannedWeights } from './planner/warmUp.ts';
import { planWarnings } from './planner/warnings.ts';
import { plannedWrites } from './planner/writes.ts';
import { hasResources } from './resize.ts';
import type { ReleaseSpec } from './spec.ts';

/**
 * What a release will do: which pods in which order in which batch, with which writes. Pure; the same answer for the
 * pods in any order.
 * @throws CONTAINER_NOT_FOUND, IMAGE_UNCHANGED, RELOAD_UNCHANGED, NOT_IN_PLACE, RESTART_UNSAFE, NO_PODS, WORKLOAD_UNFIT (a readiness gate that the template does not
 *   declare, a Service that was left open, a pair for a hot swap that is none), FORBIDDEN (`change.prePull: Require`, and the worker may create no pods),
 *   SPEC_INVALID (`strategy.gray.select` names a pod that is not there, or selects nothing; `strategy.order.first` asks for
 *   ordinals that there are none of), REFUSED (it cannot take the place of the release that runs)
 */
export function planRelease(spec: ReleaseSpec, observation: Observation): Plan {
  if (spec.strategy.mode === 'BlueGreen') return planBlueGreen(spec, observation);
  if (spec.strategy.mode === 'Canary') return planCanary(spec, observation);
  const { strategy, traffic } = spec;
  const { target } = observation;
  requireTraffic(traffic.through, observation);
  const mode = plannedMode(spec, observation);
  const change = supersedingChange(spec, observation, mode.used) ?? plannedChange(spec, observation);
  if (observation.pods.length === 0) throw noPods(observation);

  const { maxSurge } = strategy;
  const isBeside = surges(spec, observation, mode.used);
  const surge = isBeside && maxSurge !== undefined ? surplus(maxSurge, observation.replicas) : undefined;

  const order = podOrder(strategy.order);
  requireOrdinals(order, observation);
  const outdated = observation.pods.filter((pod) => !isNew(pod, change));
  const gray = grayGroup(strategy.gray, { outdated, observation, order });
  const inGray = new Set(gray);
  const rest = inOrder(
    outdated.filter((pod) => !inGray.has(pod)),
    order,
  );
  const divided = dividedPods(strategy.batches, rest, observation, order);
  const planned = (pod: ObservedPod): PlannedPod =>
    withOrigin(pod, plannedPod(pod, change.to, observation.templateImages, zoneOf(pod, order)), observation);
  const shape = plannedShape(spec, divided);
  const batches: PlannedBatch[] = [
    ...(gray.length === 0 ? [] : [{ name: 'gray', pods: gray, gate: spec.gates.afterGray }]),
    ...divided.batches.map((pods, index) => ({
      name: batchName(index),
      pods: inOrder(pods, order),
      gate: spec.gates.afterBatch,
    })),
  ].map(({ name, pods, gate }) => ({
    name,
    pods: pods.map(planned),
    mayFail: mayFail(shape, pods.length),
    gate: { id: gateId(name), ...plannedGate(gate) },
  }));

  const prePull = plannedPrePull(spec, change.to, batches, observation);
  const plan: Omit<Plan, 'writes' | 'estimateSeconds' | 'warnings'> = {
    app: spec.metadata.name ?? target.name,
    target,
    uid: observation.uid,
    mode,
    change,
    ...(prePull !== undefined && { prePull }),
    batches,
    replicas: observation.replicas,
    maxUnavailable: unavailable(shape, observation.replicas),
    ...(surge !== undefined && { surge }),
    disruptionBudgets: strategy.disruptionBudgets,
    ...plannedRules(spec, observation, traffic.through),
    ...plannedWeights(strategy, traffic.through, change),
    shape,
  };
  return {
    ...plan,
    writes: plannedWrites(plan, observation),
    estimateSeconds: estimateSeconds(
      { ...plan, maxUnavailable: pace(plan, observation) },
      observation.findings.probeSeconds,
    ),
    warnings: planWarnings(plan, spec, observation, { leftover: divided.leftover }),
  };
}

function isNew(pod: ObservedPod, { to, template, resize, reload, hotSwap }: PlannedChange): boolean {
  if (hotSwap !== undefined) return hasBegun(pod.images, hotSwap);
  if (reload !== undefined) return runsReload(pod, reload);
  if (resize !== undefined) return hasAll(pod.images, to) && hasResources(pod.resources ?? {}, resize.to);
  return template === undefined ? hasAll(pod.images, to) : pod.template === template.to;
}

/** How many pods change at once, as far as disruption budgets let them now. */
function pace(
  { maxUnavailable, surge, disruptionBudgets }: Pick<Plan, 'maxUnavailable' | 'surge' | 'disruptionBudgets'>,
  { findings }: Observation,
): number {
  if (surge !== undefined) return surge;
  const rooms = disruptionBudgets === 'Respect' ? findings.budgets.map(({ out }) => out) : [];
  return Math.max(1, Math.min(maxUnavailable, ...rooms));
}

const podOrder = ({ spreadBy, arrange, first }: ReleaseSpec['strategy']['order']): PodOrder => ({
  spreadBy: nodeLabel(spreadBy),
  arrange,
  ...(first !== undefined && { first }),
});

function plannedShape({ strategy, gates }: ReleaseSpec, { shares, selected }: Divided): PlannedShape {
  const { maxUnavailable, failureThreshold, order } = strategy;
  return {
    batches: shares,
    ...(selected && { selected }),
    maxUnavailable,
    ...podOrder(order),
    gate: plannedGate(gates.afterBatch),
    ...(failureThreshold !== undefined && { failureThreshold }),
  };
}

function noPods({ target, replicas }: Observation): SluiceError {
  const name = workloadName(target);
  return replicas === 0
    ? new SluiceError('NO_PODS', `${name} ${kindOf(target).none}.`)
    : new SluiceError('NO_PODS', `None of the ${replicas} pods of ${name} is there.`, {
        next: `See \`kubectl describe ${name} -n ${target.namespace}\` for why it has none.`,
      });
}
