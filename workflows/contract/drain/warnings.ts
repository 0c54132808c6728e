import { kindOf } from '../kinds.ts';
import { workloadName } from '../names.ts';
import type { Plan, PlanWarning } from '../plan.ts';
import { holdWarnings } from '../planner/holdWarnings.ts';
import { operatorWarnings } from '../planner/operatorWarnings.ts';
import { servicesOf } from '../planner/traffic.ts';
import { warn } from '../warn.ts';
import type { DrainObservation } from './observation.ts';

/** What people should know before pods are taken out. None of it stops the drain. */
export function drainWarnings(
  { target, traffic: { through }, batches }: Pick<Plan, 'target' | 'traffic' | 'batches'>,
  observation: DrainObservation,
): readonly PlanWarning[] {
  const { findings } = observation;
  const name = workloadName(target);
  const drained = new Set(servicesOf(through));
  const gated = through.some((source) => 'readinessGate' in source);
  const open = gated ? [] : findings.services.filter((service) => !drained.has(service)).toSorted();
  const out = new Set(batches.flatMap(({ pods }) => pods.map((pod) => pod.name)));
  return [
    ...warn(
      out.size > 0 && open.length > 0,
      'NO_DRAIN',
      `Service ${open.join(', ')} goes on sending calls to the pods: add \`service: ${open[0]}\` to traffic.through (--service ${open[0]}).`,
    ),
    ...(findings.registries ?? []).flatMap(({ source, missing }) => {
      const absent = missing.filter((pod) => out.has(pod));
      return warn(absent.length > 0, 'NOT_REGISTERED', `No instance in ${source}: ${absent.join(', ')}.`);
    }),
    ...findings.owners.flatMap((owner) =>
      warn(
        true,
        'GITOPS_OWNER',
        `${owner} writes ${name} too: while pods are out it must not take back what is written here (${kindOf(target).hold(name)}, the selector of the Service).`,
      ),
    ),
    ...operatorWarnings(
      findings,
      (owner) =>
        `${name} belongs to ${owner}: while pods are out its operator must not take back what is written here (${kindOf(target).hold(name)}, the selector of the Service).`,
    ),
    ...holdWarnings(observation),
  ];
}
