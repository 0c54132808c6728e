import type { HeldRequest } from '../../../workflows/contract/activities.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { marks, type Target, workloadName } from '../../../workflows/contract/names.ts';
import { deployments, namespaces, replicaSets } from '../resources.ts';
import { selectorText } from '../selectors.ts';
import type { Connection } from '../types.ts';
import type { Deployment, ReplicaSet } from '../wire.ts';
import { sameTemplate } from './templates.ts';
import { readTrail } from './trail.ts';

/** A Deployment and its ReplicaSets, read once. */
export interface Look {
  readonly deployment: Deployment;
  /** All that it owns, oldest first, as the controller sorts them. */
  readonly sets: readonly ReplicaSet[];
  /** The one that its pods belong to: the one that was found at acquire, else the one with pods. */
  readonly live?: ReplicaSet;
}

/** Reads it. @throws WORKLOAD_NOT_FOUND or NAMESPACE_NOT_FOUND with what there is */
export async function lookAt(kube: Connection, target: Target): Promise<Look> {
  const deployment = await kube.find(deployments, target);
  if (!deployment) throw await notFound(kube, target);
  return lookOf(deployment, await setsOf(kube, deployment));
}

/** The same for a release that holds it; undefined where it is gone or another one of that name. */
export async function lookAgain(kube: Connection, { target, uid }: HeldRequest): Promise<Look | undefined> {
  const deployment = await kube.find(deployments, target);
  if (!deployment || deployment.metadata.uid !== uid) return undefined;
  return lookOf(deployment, await setsOf(kube, deployment));
}

function lookOf(deployment: Deployment, sets: readonly ReplicaSet[]): Look {
  const named = readTrail(deployment)?.replicaSet;
  const live = sets.find(({ metadata }) => metadata.name === named) ?? sets.find(hasPods) ?? newSetOf(deployment, sets);
  return { deployment, sets, ...(live && { live }) };
}

/** The ReplicaSet that the controller takes for the Deployment's own: the oldest with an equal template. */
export const newSetOf = (deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined =>
  sets.find((set) => set.spec.template && sameTemplate(set.spec.template, deployment.spec.template));

export const hasPods = (set: ReplicaSet): boolean => (set.spec.replicas ?? 1) > 0 || (set.status?.replicas ?? 0) > 0;

export const holderOf = (deployment: Deployment): string | undefined =>
  deployment.metadata.annotations?.[marks.release];

/** The same where it must be there. @throws WORKLOAD_NOT_FOUND where it was deleted, or made anew, in mid-release */
export async function lookThere(kube: Connection, held: HeldRequest): Promise<Look> {
  const look = await lookAgain(kube, held);
  if (look) return look;
  throw new SluiceError(
    'WORKLOAD_NOT_FOUND',
    `${workloadName(held.target)} was deleted (or made anew) in mid-release.`,
    {
      next: 'There is nothing left to release. If it was made anew, release again.',
    },
  );
}

/** @throws WORKLOAD_NOT_FOUND; WORKLOAD_CHANGED unless `held.holder` holds it */
export async function lookHeld(kube: Connection, held: HeldRequest): Promise<Look> {
  const look = await lookThere(kube, held);
  const name = workloadName(held.target);
  const holder = holderOf(look.deployment);
  if (holder === held.holder) return look;
  throw new SluiceError(
    'WORKLOAD_CHANGED',
    holder === undefined
      ? `Somebody took the annotation ${marks.release} off ${name}: this release does not hold it any more.`
      : `${name} is held by ${holder} now, not by this release.`,
  );
}

async function setsOf(kube: Connection, deployment: Deployment): Promise<readonly ReplicaSet[]> {
  const { namespace = '', uid } = deployment.metadata;
  const { items } = await kube.list(replicaSets, { namespace, labelSelector: selectorText(deployment.spec.selector) });
  return items
    .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid))
    .toSorted((a, b) => bornAt(a) - bornAt(b) || (a.metadata.name < b.metadata.name ? -1 : 1));
}

const bornAt = ({ metadata }: ReplicaSet): number => Date.parse(metadata.creationTimestamp ?? '') || 0;

async function notFound(kube: Connection, { namespace, name }: Target): Promise<SluiceError> {
  const { items } = await kube.list(deployments, { namespace });
  if (items.length > 0) {
    return new SluiceError('WORKLOAD_NOT_FOUND', `Namespace ${namespace} has no deployment/${name}; ${there(items)}.`);
  }
  // Who may not see namespaces is told of the workload only.
  const all = await kube.list(namespaces, {}).catch(() => undefined);
  if (all && !all.items.some(({ metadata }) => metadata.name === namespace)) {
    return new SluiceError('NAMESPACE_NOT_FOUND', `There is no namespace ${namespace}; ${there(all.items)}.`);
  }
  return new SluiceError(
    'WORKLOAD_NOT_FOUND',
    `Namespace ${namespace} has no deployment/${name}: it has no deployments at all.`,
  );
}

function there(items: readonly { readonly metadata: { readonly name: string } }[]): string {
  const names = items.map(({ metadata }) => metadata.name).toSorted();
  const more = names.length > 20 ? ` and ${names.length - 20} more` : '';
  return `there is ${names.slice(0, 20).join(', ')}${more}`;
}
