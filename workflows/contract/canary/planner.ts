import { estimateBlueGreen } from '../blueGreen/estimate.ts';
import { byName, nothingSeen, requireDeployment, requireRoom, requireServices, slots } from '../blueGreen/require.ts';
import { greenOf } from '../blueGreen/share.ts';
import { besideWarnings } from '../blueGreen/warnings.ts';
import { SluiceError } from '../errors.ts';
import { workloadName } from '../names.ts';
import type { Observation, ObservedPod } from '../observation.ts';
import type { Plan, PlannedBatch, PlannedPod, PlannedShape, PlanWarning } from '../plan.ts';
import { gateId } from '../planner/batching.ts';
import { plannedChange } from '../planner/change.ts';
import { plannedGate } from '../planner/gates.ts';
import { requireNoOrder } from '../planner/mode.ts';
import { nodeLabel, zoneOf } from '../planner/ordering.ts';
import { plannedPod } from '../planner/plannedPod.ts';
import { plannedRules } from '../planner/rules.ts';
import { countOf } from '../quantity.ts';
import type { ReleaseSpec } from '../spec.ts';
import { canaryStep, oldGroup, type PlannedCanary, switchGate } from './plan.ts';
import { canarySteps } from './steps.ts';
import { canaryWrites } from './writes.ts';

/**
 * What a canary will do: new pods beside the old step by step, callers split between them, a gate after each step, the
 * switch of the Services, and the old pods go. Pure; the same answer for the pods in any order.
 * @throws as planBlueGreen
 */
export function planCanary(spec: ReleaseSpec, observation: Observation): Plan {
  const { strategy, gates } = spec;
  const { target, replicas } = observation;
  requireDeployment(target, 'Canary');
  requireNoOrder(spec);
  const change = plannedChange(spec, observation);
  if (strategy.canary === undefined || observation.pods.length === 0 || replicas === 0) {
    throw new SluiceError('NO_PODS', `${workloadName(target)} has no pods: there is nobody to stand beside.`);
  }
  const seen = observation.canary ?? nothingSeen;
  const services = requireServices(spec, observation, seen);
  requireRoom(observation, seen);
  const route = observation.canary?.route;
  const canary: PlannedCanary = { services, ...(route && { route }), steps: canarySteps(strategy.canary, replicas) };
  const order = { spreadBy: nodeLabel(strategy.order.spreadBy) };
  const after = plannedGate(gates.afterBatch);
  const shape: PlannedShape = { batches: ['100%'], maxUnavailable: '100%', ...order, gate: after };
  const old = (pod: ObservedPod): PlannedPod =>
    plannedPod(pod, change.to, observation.templateImages, zoneOf(pod, order));
  const batches: readonly PlannedBatch[] = [
    ...stepBatches(canary, replicas, (index) => (index === 0 ? plannedGate(gates.afterGray) : after)),
    {
      name: oldGroup,
      pods: observation.pods.toSorted(byName).map(old),
      mayFail: 0,
      gate: { id: switchGate, ...after },
    },
  ];
  const draft = {
    app: spec.metadata.name ?? target.name,
    target,
    uid: observation.uid,
    mode: { asked: strategy.mode, used: 'Canary' as const, reason: reasonOf(canary, replicas) },
    change,
    canary,
    batches,
    replicas,
    maxUnavailable: replicas,
    ...plannedRules(spec, observation, []),
    shape,
  };
  return {
    ...draft,
    writes: canaryWrites(draft, observation),
    estimateSeconds: estimateBlueGreen(draft, observation.findings.probeSeconds) * canary.steps.length,
    warnings: [...besideWarnings(draft, services, spec, observation), ...crowded(canary, replicas)],
  };
}

/** The pods that come with each step; one that only sends more callers brings none. */
function stepBatches(
  { steps }: PlannedCanary,
  replicas: number,
  gateOf: (index: number) => Omit<PlannedBatch['gate'], 'id'>,
): readonly PlannedBatch[] {
  let there = 0;
  return steps.map(({ pods }, index) => {
    const before = there;
    there = greenOf(replicas, pods);
    const name = canaryStep(index);
    return { name, pods: slots(there - before, before), mayFail: 0, gate: { id: gateId(name), ...gateOf(index) } };
  });
}

function reasonOf({ steps, route }: PlannedCanary, replicas: number): string {
  const by =
    route === undefined
      ? `callers are split as the numbers of pods are: beside all ${replicas} old ones new pods get half at most, before the switch`
      : `${route.kind} ${route.name} splits callers`;
  return `Canary: new pods beside the old in ${countOf(steps.length, 'step')}; ${by}. Gray group, batches and maxUnavailable have no meaning.`;
}

/** More callers for a pod than it has now. */
const crowded = ({ steps }: PlannedCanary, replicas: number): readonly PlanWarning[] =>
  steps.flatMap(({ pods, split }, index) => {
    const there = greenOf(replicas, pods);
    const weight = split?.weight ?? 0;
    if (weight <= (100 * there) / replicas) return [];
    const message = `${canaryStep(index)} sends ${weight}% of callers to ${countOf(there, 'pod')}; ${replicas} serve all of them now.`;
    return [{ code: 'CANARY_CROWDED', message }];
  });
