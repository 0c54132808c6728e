import { workloadName } from '../names.ts';
import type { Plan, PlanWarning } from '../plan.ts';
import { holdWarnings } from '../planner/holdWarnings.ts';
import { operatorWarnings } from '../planner/operatorWarnings.ts';
import { servicesOf } from '../planner/traffic.ts';
import { countOf } from '../quantity.ts';
import { warn } from '../warn.ts';
import type { ScaleObservation } from './observation.ts';
import { goesUp, type PlannedScale } from './plan.ts';

/** What people should know before they let it go on. None of it stops the scale. */
export function scaleWarnings(
  { target, scale, traffic, batches }: Pick<Plan, 'target' | 'traffic' | 'batches'> & { readonly scale: PlannedScale },
  observation: ScaleObservation,
  leftover: number,
): readonly PlanWarning[] {
  const { findings, pods } = observation;
  const name = workloadName(target);
  const up = goesUp(scale);
  const drained = new Set(servicesOf(traffic.through));
  const gated = traffic.through.some((source) => 'readinessGate' in source);
  const open = gated ? [] : findings.services.filter((service) => !drained.has(service)).toSorted();
  const down = pods
    .filter(({ ready }) => !ready)
    .map((pod) => pod.name)
    .toSorted();
  return [
    ...warn(
      !up && open.length > 0,
      'NO_DRAIN',
      `Service ${open.join(', ')} sends calls to the pods and is not drained: requests to pods that go may be lost. Add \`service: ${open[0]}\` to traffic.through.`,
    ),
    ...findings.scalers.flatMap(({ name: scaler, min, max }) =>
      warn(
        scale.hpa === 'Suspend' && scale.to > 0 && (scale.to < min || scale.to > max),
        'AUTOSCALER',
        `HorizontalPodAutoscaler ${scaler} is given back in the end with its bounds ${min} to ${max}: it will then bring ${name} from ${scale.to} to ${scale.to < min ? min : max}. \`--hpa bound\` lets the number stay.`,
      ),
    ),
    ...findings.budgets.flatMap(({ name: budget, healthy }) =>
      warn(
        !up && scale.to < healthy,
        'DISRUPTION_BUDGET',
        `PodDisruptionBudget ${budget} wants ${countOf(healthy, 'healthy pod')}, and ${scale.to === 0 ? 'none is' : `${scale.to} are`} left: budgets are for evictions and bound no number; nodes with these pods will not drain.`,
      ),
    ),
    ...findings.owners.flatMap((owner) =>
      warn(
        true,
        'GITOPS_OWNER',
        `${owner} writes ${name} too and may set the old number again. Change it there as well.`,
      ),
    ),
    ...operatorWarnings(
      findings,
      (owner) =>
        `${name} belongs to ${owner}, whose operator may set the old number again. Set it in ${owner} as well.`,
    ),
    ...holdWarnings(observation),
    ...warn(
      up && findings.probeSeconds === 0,
      'NO_READINESS_PROBE',
      `The pods of ${name} have no readiness probe: a container counts as ready as soon as it runs.`,
    ),
    ...warn(
      !up && down.length > 0,
      'PODS_NOT_READY',
      `${countOf(down.length, 'pod')} of ${name} ${down.length === 1 ? 'is' : 'are'} not ready now (${down.slice(0, 3).join(', ')}${down.length > 3 ? ', …' : ''}).`,
    ),
    ...warn(
      leftover > 0,
      'LEFTOVER_BATCH',
      `strategy.batches leaves ${countOf(leftover, 'pod')} over, which ${leftover === 1 ? 'makes' : 'make'} ${batches.at(-1)?.name ?? ''}.`,
    ),
  ];
}
