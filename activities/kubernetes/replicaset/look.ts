import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import type { Target } from '../../../workflows/contract/names.ts';
import { requireHolder, requireThere } from '../holder.ts';
import { replicaSets } from '../resources.ts';
import type { Connection } from '../types.ts';
import type { ReplicaSet } from '../wire.ts';
import { workloadNotFound } from '../workloadNotFound.ts';

/** Reads it. @throws WORKLOAD_NOT_FOUND or NAMESPACE_NOT_FOUND with what there is */
export async function lookAt(kube: Connection, target: Target): Promise<ReplicaSet> {
  const set = await kube.find(replicaSets, target);
  if (set) return set;
  throw await workloadNotFound(kube, replicaSets, target);
}

/** The same for a release that holds it; undefined where it is gone or another one of that name. */
export async function lookAgain(kube: Connection, { target, uid }: HeldRequest): Promise<ReplicaSet | undefined> {
  const set = await kube.find(replicaSets, target);
  return set?.metadata.uid === uid ? set : undefined;
}

/** The same where it must be there. @throws WORKLOAD_NOT_FOUND where it was deleted, or made anew, in mid-release */
export const lookThere = async (kube: Connection, held: HeldRequest): Promise<ReplicaSet> =>
  requireThere(await lookAgain(kube, held), held);

/** @throws WORKLOAD_NOT_FOUND; WORKLOAD_CHANGED unless `held.holder` holds it */
export async function lookHeld(kube: Connection, held: HeldRequest): Promise<ReplicaSet> {
  const set = await lookThere(kube, held);
  requireHolder(set, held);
  return set;
}
