import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { type Target, workloadName } from '../../../workflows/contract/names.ts';
import { revisionsOf } from '../controllerRevisions.ts';
import { hasObserved, pollOrConflict } from '../controllers.ts';
import { requireHolder, requireThere } from '../holder.ts';
import type { Connection } from '../types.ts';
import type { ControllerRevision } from '../wire.ts';
import { workloadNotFound } from '../workloadNotFound.ts';
import type { AnySet, SetKind } from './kind.ts';

/** A set and its revisions, read once. */
export interface Look {
  readonly set: AnySet;
  /** Oldest first. */
  readonly revisions: readonly ControllerRevision[];
  /** Name of the revision of its template; empty until its controller has made it. */
  readonly newest: string;
  /** What the pods of that one are labelled with. */
  readonly label: string;
}

/** Reads it. @throws WORKLOAD_NOT_FOUND or NAMESPACE_NOT_FOUND with what there is */
export async function lookAt(kube: Connection, kind: SetKind, target: Target): Promise<Look> {
  const set = await kube.find(kind.resource, target);
  if (!set) throw await workloadNotFound(kube, kind.resource, target);
  return withRevisions(kube, kind, set);
}

/** The same for a release that holds it; undefined where it is gone or another one of that name. */
export async function lookAgain(
  kube: Connection,
  kind: SetKind,
  { target, uid }: HeldRequest,
): Promise<Look | undefined> {
  const set = await kube.find(kind.resource, target);
  if (!set || set.metadata.uid !== uid) return undefined;
  return withRevisions(kube, kind, set);
}

async function withRevisions(kube: Connection, kind: SetKind, set: AnySet): Promise<Look> {
  const revisions = await revisionsOf(kube, set);
  const newest = kind.newest(set, revisions) ?? '';
  return { set, revisions, newest, label: kind.labelOf(newest, revisions) };
}

/** The same where it must be there. @throws WORKLOAD_NOT_FOUND where it was deleted, or made anew, in mid-release */
export const lookThere = async (kube: Connection, kind: SetKind, held: HeldRequest): Promise<Look> =>
  requireThere(await lookAgain(kube, kind, held), held);

/** @throws WORKLOAD_NOT_FOUND; WORKLOAD_CHANGED unless `held.holder` holds it */
export async function lookHeld(kube: Connection, kind: SetKind, held: HeldRequest): Promise<Look> {
  const look = await lookThere(kube, kind, held);
  requireHolder(look.set, held);
  return look;
}

/**
 * Asks `look` until it answers something, `undefined` meaning not yet. What is waited for is the controller: until it has
 * seen a template there is no revision of it, and until it has seen a label of a pod it may still delete that pod.
 * @throws CONFLICT after 30 s: it is tried again by itself
 */
export const untilSeen = <T>(target: Target, look: () => Promise<T | undefined>): Promise<T> =>
  pollOrConflict(look, `the controller of ${workloadName(target)} has not seen what was written`);

/** The set when its controller has seen it as it is now. @throws CONFLICT; WORKLOAD_NOT_FOUND */
export const untilObserved = (kube: Connection, kind: SetKind, held: HeldRequest): Promise<Look> =>
  untilSeen(held.target, async () => {
    const look = await lookThere(kube, kind, held);
    return hasObserved(look.set) && look.newest !== '' ? look : undefined;
  });
