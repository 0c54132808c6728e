import { workloadName } from '../names.ts';
import type { Observation } from '../observation.ts';
import type { Plan, PlanWarning } from '../plan.ts';
import { othersWarnings, registryWarnings } from '../planner/warnings.ts';
import { countOf } from '../quantity.ts';
import type { ReleaseSpec } from '../spec.ts';
import { warn } from '../warn.ts';
import type { PlannedBlueGreen } from './plan.ts';
import type { BlueGreenDraft } from './planner.ts';

/** What people should know before they let it go on. None of it stops it. */
export const blueGreenWarnings = (
  plan: BlueGreenDraft,
  spec: ReleaseSpec,
  observation: Observation,
): readonly PlanWarning[] => besideWarnings(plan, shown(plan.blueGreen), spec, observation);

const shown = ({ services, previewService }: PlannedBlueGreen): readonly string[] =>
  previewService === undefined ? services : [...services, previewService];

/** The same of whichever mode has new pods beside the old. `pointed`: Services that are pointed at either of them. */
export function besideWarnings(
  plan: Omit<Plan, 'writes' | 'estimateSeconds' | 'warnings'>,
  pointed: readonly string[],
  spec: ReleaseSpec,
  observation: Observation,
): readonly PlanWarning[] {
  const switched = new Set(pointed);
  const left = observation.findings.services.filter((name) => !switched.has(name)).toSorted();
  const name = workloadName(plan.target);
  const down = observation.pods.filter(({ ready }) => !ready).length;
  return [
    ...warn(
      left.length > 0,
      'NOT_SWITCHED',
      `Service ${left.join(', ')} selects the pods of ${name} and is not switched: it sends callers to both versions while both are there.`,
    ),
    // Where nothing is out of service no budget is used up.
    ...othersWarnings(plan, { ...observation, findings: { ...observation.findings, autoscalers: [], budgets: [] } }),
    ...(observation.findings.multiplying ?? []).map(
      ({ name: scaler, max }): PlanWarning => ({
        code: 'AUTOSCALER',
        message: `HorizontalPodAutoscaler ${scaler} has a metric with the target \`value\`, which Kubernetes multiplies by all ready pods, old and new: it may scale ${name} up to its ${countOf(max, 'pod')} though nobody needs them. Give the metric an \`averageValue\` first, or lower maxReplicas meanwhile.`,
      }),
    ),
    ...observation.findings.autoscalers
      .toSorted()
      .flatMap((scaler) =>
        warn(
          true,
          'AUTOSCALER',
          `HorizontalPodAutoscaler ${scaler} goes on scaling ${name}, and the new pods follow it; it counts old and new pods together meanwhile.`,
        ),
      ),
    ...registryWarnings(plan, spec, observation),
    ...warn(
      observation.findings.probeSeconds === 0,
      'NO_READINESS_PROBE',
      `The pods of ${name} have no readiness probe: a container counts as ready as soon as it runs.`,
    ),
    ...warn(
      down > 0,
      'PODS_NOT_READY',
      `${countOf(down, 'pod')} of the old version ${down === 1 ? 'is' : 'are'} not ready now.`,
    ),
  ];
}
