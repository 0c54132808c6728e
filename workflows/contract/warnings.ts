import type { Observation } from './observation.ts';
import type { Plan, PlanWarning } from './plan.ts';
import type { ReleaseSpec } from './spec.ts';

/** What the approver should know before the first pod is touched. */
export function planWarnings(
  spec: ReleaseSpec,
  { findings, paused, pods }: Observation,
  plan: Pick<Plan, 'maxUnavailable' | 'batches'>,
  leftover: number,
): readonly PlanWarning[] {
  const warnings: PlanWarning[] = [];
  const warn = (code: PlanWarning['code'], message: string): void => void warnings.push({ code, message });
  const notReady = pods.filter((pod) => !pod.ready).length;
  if (spec.traffic.through.length === 0) {
    const services =
      findings.services.length > 0 ? ` Callers find them through service/${findings.services.join(', service/')}.` : '';
    warn(
      'NO_DRAIN',
      `Pods are changed without being taken out of traffic: requests can fail.${services} Name the way in traffic.through.`,
    );
  }
  if (findings.autoscalers.length > 0) {
    warn(
      'AUTOSCALER',
      `${findings.autoscalers.join(', ')} may scale the workload meanwhile; new pods are brought along before the commit.`,
    );
  }
  for (const { name, disruptionsAllowed } of findings.budgets) {
    if (disruptionsAllowed < plan.maxUnavailable) {
      warn(
        'DISRUPTION_BUDGET',
        `PodDisruptionBudget ${name} allows ${disruptionsAllowed} disruptions now, maxUnavailable is ${plan.maxUnavailable}; an in-place change does not ask it.`,
      );
    }
  }
  if (paused) warn('PAUSED_ALREADY', 'The workload is paused already; it is paused again after the release.');
  for (const owner of findings.owners) {
    warn(
      'GITOPS_OWNER',
      `${owner} also writes this workload. Change the image there too, or it takes the release back.`,
    );
  }
  for (const [container, reason] of Object.entries(findings.registrySilent)) {
    warn(
      'REGISTRY_SILENT',
      `The registry of container ${container} does not answer (${reason}): whether the image exists is not known, and its digest is not pinned.`,
    );
  }
  if (leftover > 0) warn('LEFTOVER_BATCH', `The batches leave ${leftover} pods over; they are the last batch.`);
  if (plan.batches.some((batch) => batch.pods.some((pod) => pod.from !== undefined))) {
    warn('MIXED_VERSIONS', 'Some pods run other images than the template; a rollback gives each its own back.');
  }
  if (notReady > 0)
    warn('PODS_NOT_READY', `${notReady} of ${pods.length} pods are not ready now; they are upgraded first.`);
  return warnings;
}
