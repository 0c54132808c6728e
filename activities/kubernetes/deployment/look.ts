import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../../workflows/contract/names.ts';
import { byBirth } from '../born.ts';
import { requireHolder, requireThere } from '../holder.ts';
import { deployments, replicaSets } from '../resources.ts';
import { selectorText } from '../selectors.ts';
import { sameTemplate } from '../templates.ts';
import type { Connection } from '../types.ts';
import type { Deployment, ReplicaSet } from '../wire.ts';
import { workloadNotFound } from '../workloadNotFound.ts';
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
  if (!deployment) throw await workloadNotFound(kube, deployments, target);
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

/** The same where it must be there. @throws WORKLOAD_NOT_FOUND where it was deleted, or made anew, in mid-release */
export const lookThere = async (kube: Connection, held: HeldRequest): Promise<Look> =>
  requireThere(await lookAgain(kube, held), held);

/** @throws WORKLOAD_NOT_FOUND; WORKLOAD_CHANGED unless `held.holder` holds it */
export async function lookHeld(kube: Connection, held: HeldRequest): Promise<Look> {
  const look = await lookThere(kube, held);
  requireHolder(look.deployment, held);
  return look;
}

export const withoutLive = (target: Target): SluiceError =>
  new SluiceError('WORKLOAD_CHANGED', `The ReplicaSet of ${workloadName(target)} was deleted in mid-release.`);

async function setsOf(kube: Connection, deployment: Deployment): Promise<readonly ReplicaSet[]> {
  const { namespace = '', uid } = deployment.metadata;
  const { items } = await kube.list(replicaSets, { namespace, labelSelector: selectorText(deployment.spec.selector) });
  return items
    .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid))
    .toSorted(byBirth);
}
