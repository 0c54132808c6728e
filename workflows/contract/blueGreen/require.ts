import { SluiceError } from '../errors.ts';
import { marks, workloadName } from '../names.ts';
import type { Observation, ObservedPod } from '../observation.ts';
import type { PlannedPod } from '../plan.ts';
import { countOf } from '../quantity.ts';
import type { ReleaseSpec } from '../spec.ts';
import { throughText } from '../traffic.ts';
import type { BlueGreenObservation } from './observation.ts';

/** What every mode needs in which new pods stand beside the old. */

/** Services that send callers to the pods, and what quotas leave too little of. */
type Seen = BlueGreenObservation;

export const nothingSeen: Seen = { services: [], short: [] };

/** What stands for pods until they are born; `after` so many others. */
export const slots = (count: number, after = 0): readonly PlannedPod[] =>
  Array.from({ length: count }, (_, index) => {
    const name = `new-${after + index + 1}`;
    return { name, uid: name, node: '', ready: false };
  });

export const byName = (a: ObservedPod, b: ObservedPod): number => (a.name < b.name ? -1 : 1);

/** @throws MODE_UNSUPPORTED */
export function requireDeployment({ kind, name }: Observation['target'], mode: string): void {
  if (kind === 'deployment') return;
  throw new SluiceError(
    'MODE_UNSUPPORTED',
    `${mode} is for Deployments: the pods of ${kind}/${name} cannot stand beside others that take their place.`,
    { next: 'Use InPlaceIfPossible, InPlaceOnly or Recreate.' },
  );
}

/** Who is pointed at old or new pods. @throws WORKLOAD_UNFIT */
export function requireServices(
  { strategy: { mode, blueGreen }, traffic }: ReleaseSpec,
  { target, findings }: Observation,
  seen: Seen,
): readonly string[] {
  const others = traffic.through.filter((source) => !('service' in source));
  if (others.length > 0) {
    throw new SluiceError(
      'WORKLOAD_UNFIT',
      `${mode} switches Services: traffic.through may name nothing else, and names ${throughText(others)}.`,
      { next: 'Leave that out, or use a mode that changes pods where they are.' },
    );
  }
  if (findings.openServices.length > 0) {
    throw new SluiceError(
      'WORKLOAD_UNFIT',
      `Service ${findings.openServices.join(', ')} still has in its selector what a release of ${workloadName(target)} put there that was terminated.`,
      {
        next: `A release in place through ${findings.openServices.map((name) => `\`service: ${name}\``).join(', ')} cleans up after it; or take \`${marks.serving}\` out of the selector by hand.`,
      },
    );
  }
  const services = seen.services.filter((name) => name !== blueGreen?.previewService);
  if (services.length > 0) return services;
  throw new SluiceError(
    'WORKLOAD_UNFIT',
    `No Service selects the pods of ${workloadName(target)}: there is nothing that could be switched.`,
    { next: 'Make one, or use Recreate.' },
  );
}

/** @throws NO_ROOM where the pods cannot all be there twice */
export function requireRoom({ target, replicas }: Observation, { short }: Seen): void {
  if (short.length === 0) return;
  const all = short
    .map(({ quota, resource, hard, used }) => `ResourceQuota ${quota} lets ${resource} be ${hard}, and ${used} is used`)
    .join('; ');
  throw new SluiceError(
    'NO_ROOM',
    `There is no room for ${countOf(replicas, 'more pod')} of ${workloadName(target)}: ${all}.`,
    { details: { short } },
  );
}
