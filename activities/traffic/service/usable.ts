import { SluiceError } from '../../../workflows/contract/errors.ts';
import { marks, type Target, workloadName } from '../../../workflows/contract/names.ts';
import { controllerOf, isLeaving } from '../../kubernetes/podState.ts';
import { pods, services } from '../../kubernetes/resources.ts';
import { hashLabel } from '../../kubernetes/templates.ts';
import type { Connection } from '../../kubernetes/types.ts';
import type { Pod, Service } from '../../kubernetes/wire.ts';

/** Whom a Service selects, with our own keys left out. */
export function ownSelector({ metadata, spec }: Service): Readonly<Record<string, string>> {
  const { [marks.serving]: _, ...selector } = spec.selector ?? {};
  if (metadata.annotations?.[marks.release] === undefined) return selector;
  // A blue/green release holds it.
  const { [hashLabel]: _hash, ...others } = selector;
  return others;
}

/** Whether the Service selects the pod, whatever our label says. */
export const wouldServe = (service: Service, pod: Pod): boolean =>
  Object.entries(ownSelector(service)).every(([key, value]) => pod.metadata.labels?.[key] === value);

/** Whether our key is in its selector: only then does the label of a pod decide. */
export const isOpen = (service: Service): boolean => service.spec.selector?.[marks.serving] === 'true';

/** What a Service is needed for, in the words of a refusal. */
export interface Purpose {
  readonly verb: string;
  /** What to do where it is shared with others. */
  readonly instead: string;
}

const drains: Purpose = {
  verb: 'used to drain',
  instead:
    'Name a Service that selects the pods of this workload alone, use a readiness gate, or leave `traffic.through` out.',
};

/** UIDs of what owns these pods (a ReplicaSet, a StatefulSet): a pod born later has one of them as well. */
export const ownersOf = (own: readonly Pod[]): ReadonlySet<string> =>
  new Set(own.flatMap((pod) => controllerOf(pod)?.uid ?? []));

export const isOwned = (pod: Pod, owners: ReadonlySet<string>): boolean => owners.has(controllerOf(pod)?.uid ?? '');

/**
 * The Services of these names, each fit to drain the pods `own` of `target`, or for another `purpose`.
 *
 * A Service that selects pods of others too is refused. With our key in its selector those pods would need the label
 * as well, and so would every pod that is born there during the release: only their own template could give it to
 * them, and writing into a workload that nobody asked to change starts a rollout there.
 * @throws SERVICE_NOT_FOUND, SERVICE_UNUSABLE
 */
export async function usableServices(
  kube: Connection,
  target: Target,
  names: readonly string[],
  own: readonly Pod[],
  purpose: Purpose = drains,
): Promise<readonly Service[]> {
  const { namespace } = target;
  return Promise.all(
    names.map(async (name) => {
      const service = await kube.find(services, { namespace, name });
      if (service === undefined) throw await notFound(kube, namespace, name);
      requireSelector(service, purpose);
      const selected = own.filter((pod) => wouldServe(service, pod));
      if (own.length > 0 && selected.length === 0)
        throw unusable(
          service,
          `its selector (${selectorText(service)}) matches no pod of ${workloadName(target)}`,
          purpose,
        );
      const owners = ownersOf(own);
      const all = await kube.list(pods, { namespace, labelSelector: selectorText(service) });
      const foreign = all.items.filter((pod) => !isLeaving(pod) && !isOwned(pod, owners));
      if (own.length > 0 && foreign.length > 0) throw shared(service, target, foreign, purpose);
      return service;
    }),
  );
}

function requireSelector(service: Service, purpose: Purpose): void {
  if (service.spec.type === 'ExternalName') {
    throw unusable(service, 'it is of type ExternalName, a mere alias in DNS: it has no endpoints of its own', purpose);
  }
  if (Object.keys(ownSelector(service)).length > 0) return;
  throw unusable(service, 'it has no selector, so somebody else writes its endpoints', purpose);
}

const selectorText = (service: Service): string =>
  Object.entries(ownSelector(service))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');

const unusable = (service: Service, why: string, { verb }: Purpose, next?: string): SluiceError =>
  new SluiceError(
    'SERVICE_UNUSABLE',
    `Service ${service.metadata.name} cannot be ${verb}: ${why}.`,
    next === undefined ? {} : { next },
  );

function shared(service: Service, target: Target, foreign: readonly Pod[], purpose: Purpose): SluiceError {
  const owners = new Set(
    foreign.map((pod) => {
      const owner = controllerOf(pod);
      return owner === undefined ? `pod ${pod.metadata.name}` : `${owner.kind} ${owner.name}`;
    }),
  );
  return unusable(
    service,
    `it also sends callers to pods that are not of ${workloadName(target)} (${[...owners].slice(0, 5).join(', ')}), and a pod born there during the release would get none`,
    purpose,
    purpose.instead,
  );
}

async function notFound(kube: Connection, namespace: string, name: string): Promise<SluiceError> {
  const { items } = await kube.list(services, { namespace });
  const there = items.map(({ metadata }) => metadata.name).join(', ');
  return new SluiceError(
    'SERVICE_NOT_FOUND',
    `There is no Service ${name} in namespace ${namespace}; it has: ${there || 'none'}.`,
  );
}
