import type { BearRequest, Births } from '../../workflows/contract/activities/hold.ts';
import type { Access } from '../ports.ts';
import { isBearing, marked, templateOfBirths } from './births.ts';
import { behind, untilObserved } from './controllers.ts';
import { type KeptTemplates, keptTemplates } from './keptTemplates.ts';
import { controllerOf, hasMark, isLeaving } from './podState.ts';
import { rehearseBirth } from './rehearseBirth.ts';
import type { Nursery } from './replacePods.ts';
import { pods, replicaSets } from './resources.ts';
import { retryConflicts } from './retryConflicts.ts';
import { selectorText } from './selectors.ts';
import { difference, templatePatch } from './templates.ts';
import type { Connection } from './types.ts';
import type { ReplicaSet } from './wire.ts';

/** Pods that a ReplicaSet bears, be it of a Deployment or of nobody. */

/** What making pods anew needs; pods are created in dry runs only. */
export const recreationAccess: readonly Access[] = [
  ...['create', 'get', 'delete'].map((verb) => ({ group: 'apps', resource: 'controllerrevisions', verb })),
  ...['create', 'delete'].map((verb) => ({ group: '', resource: 'pods', verb })),
];

/** The ReplicaSet that bears, and which version is the workload's own. */
interface Bearer {
  readonly set: ReplicaSet;
  readonly own: Births['side'];
}

/**
 * Sets the template of the ReplicaSet that `look` finds, from which a pod that was deleted is born again; waits until its
 * controller has seen it. Done where there is none. See the port Recreation.
 * @throws what `look` throws; PATCH_REFUSED; CONFLICT while the controller does not follow
 */
export async function bearFrom(
  kube: Connection,
  request: BearRequest,
  look: (kept: KeptTemplates) => Promise<Bearer | undefined>,
): Promise<void> {
  const { births, target } = request;
  const kept = await keptTemplates(kube, request);
  // Before the first drain: nothing can be done for a pod that cannot be born.
  if (births?.side === 'to') await rehearseBirth(kube, target, marked(kept.to, request.holder, births));
  const written = await retryConflicts(async () => {
    const { set, own } = (await look(kept)) ?? {};
    if (!set || !own) return undefined;
    const { template = {} } = set.spec;
    if (!births && !isBearing(template)) return set;
    const next = templateOfBirths(kept, template, request, own);
    if (difference(template, next) === undefined) return set;
    const { namespace = '', name } = set.metadata;
    // Unless somebody changed it since it was read.
    return kube.patch(replicaSets, { namespace, name }, templatePatch(set.metadata, next), { as: 'json' });
  });
  if (written) await untilBearing(kube, written);
}

/** @throws CONFLICT while its controller has not seen it as it was written */
export async function untilBearing(kube: Connection, set: ReplicaSet): Promise<void> {
  if (await untilObserved(kube, replicaSets, set)) return;
  throw behind(`the controller has not seen the template of replicaset/${set.metadata.name}`);
}

/**
 * Where pods are made anew, those that were born old between the last look and the new template are deleted: too young
 * to have callers worth a drain. While the ReplicaSet marks its pods, they can be told from those that are new.
 */
export async function removeStragglers(
  kube: Connection,
  { metadata: { namespace = '', uid }, spec: { selector } }: ReplicaSet,
  mark: string | undefined,
): Promise<void> {
  const { items } = await kube.list(pods, { namespace, labelSelector: selectorText(selector) });
  const old = items.filter((pod) => controllerOf(pod)?.uid === uid && !isLeaving(pod) && !hasMark(pod, mark));
  for (const { metadata } of old) await kube.remove(pods, { namespace, name: metadata.name }, { uid: metadata.uid });
}

/** How its births go. */
export function nurseryOf({ spec, status }: ReplicaSet): Nursery {
  const failure = status?.conditions?.find(({ type, status: is }) => type === 'ReplicaFailure' && is === 'True');
  return { replicas: spec.replicas ?? 1, ...(failure?.message !== undefined && { refused: failure.message }) };
}
