import { planBeside } from '../blueGreen/beside.ts';
import { estimateBlueGreen } from '../blueGreen/estimate.ts';
import { nothingSeen, slots } from '../blueGreen/require.ts';
import { greenOf } from '../blueGreen/share.ts';
import { besideWarnings } from '../blueGreen/warnings.ts';
import type { Observation } from '../observation.ts';
import type { Plan, PlannedBatch, PlanWarning } from '../plan.ts';
import { gateId } from '../planner/batching.ts';
import { plannedGate } from '../planner/gates.ts';
import { countOf } from '../quantity.ts';
import type { ReleaseSpec } from '../spec.ts';
import { canaryStep, oldGroup, type PlannedCanary, switchGate } from './plan.ts';
import { canarySteps } from './steps.ts';
import { canaryWrites } from './writes.ts';

/**
 * What a canary will do: new pods beside the old step by step, callers split between them, a gate after each step, the
 * switch of the Services, and the old pods go. Pure; the same answer for the pods in any order.
 * @throws as planBeside
 */
export function planCanary(spec: ReleaseSpec, observation: Observation): Plan {
  const { strategy, gates } = spec;
  const { replicas } = observation;
  const seen = observation.canary ?? nothingSeen;
  const { head, services, oldPods, after } = planBeside(spec, observation, seen, 'there is nobody to stand beside');
  const route = observation.canary?.route;
  const steps = canarySteps(strategy.canary ?? { steps: [] }, replicas);
  const canary: PlannedCanary = { services, ...(route && { route }), steps };
  const batches: readonly PlannedBatch[] = [
    ...stepBatches(canary, replicas, (index) => (index === 0 ? plannedGate(gates.afterGray) : after)),
    {
      name: oldGroup,
      pods: oldPods,
      mayFail: 0,
      gate: { id: switchGate, ...after },
    },
  ];
  const draft = {
    ...head,
    mode: { asked: strategy.mode, used: 'Canary' as const, reason: reasonOf(canary, replicas) },
    canary,
    batches,
  };
  return {
    ...draft,
    writes: canaryWrites(draft, observation),
    estimateSeconds: estimateBlueGreen(draft, observation.findings.probeSeconds) * canary.steps.length,
    warnings: [...besideWarnings(draft, services, spec, observation), ...crowded(canary, replicas)],
  };
}

/** The pods that come with each step; one that only sends more callers, or was skipped, brings none. */
export function stepBatches(
  { steps }: PlannedCanary,
  replicas: number,
  gateOf: (index: number) => Omit<PlannedBatch['gate'], 'id'>,
): readonly PlannedBatch[] {
  let there = 0;
  return steps.map(({ pods, skipped }, index) => {
    const before = there;
    if (skipped !== true) there = greenOf(replicas, pods);
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
