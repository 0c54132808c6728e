import type { AcquireRequest, HeldRequest } from '../../workflows/contract/activities/hold.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { idOfHolder, marks, workloadName } from '../../workflows/contract/names.ts';
import type { Deployment } from './wire.ts';

/** A workload of any kind. */
type Marked = Pick<Deployment, 'metadata'>;

/** The release that holds it (marks.release). */
export const holderOf = ({ metadata }: Marked): string | undefined => metadata.annotations?.[marks.release];

/** What marks.before says on it, parsed; undefined where it says nothing, or somebody has made it unreadable. */
export function readBefore({ metadata }: Marked): unknown {
  const text = metadata.annotations?.[marks.before];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

/** Annotations of a hold, and those that take it away. */
export const holdMarks = (holder: string, before: unknown) => ({
  [marks.release]: holder,
  [marks.before]: JSON.stringify(before),
});
export const noMarks = { [marks.release]: null, [marks.before]: null };

/**
 * How the workload stands to the release that wants it: it is its own already, or a terminated release of the same
 * workload left it held, or nobody holds it. @throws WORKLOAD_CHANGED for another UID, WORKLOAD_BUSY
 */
export function claimOf(workload: Marked, { target, uid, holder: own }: AcquireRequest): 'own' | 'left' | 'free' {
  const name = workloadName(target);
  if (workload.metadata.uid !== uid) {
    throw new SluiceError('WORKLOAD_CHANGED', `${name} was deleted and made anew since the plan was made.`);
  }
  const holder = holderOf(workload);
  if (holder === undefined) return 'free';
  if (holder === own) return 'own';
  if (idOfHolder(holder) === idOfHolder(own)) return 'left';
  throw new SluiceError('WORKLOAD_BUSY', `${name} is held by the release ${idOfHolder(holder)}.`, {
    next: `Wait for it, or roll it back with \`sluice rollback ${name} -n ${target.namespace}\`. If its workflow was terminated and will never end: \`kubectl annotate ${name} -n ${target.namespace} ${marks.release}- ${marks.before}-\`.`,
    details: { holder },
  });
}

/** @throws WORKLOAD_CHANGED unless `held.holder` holds it */
export function requireHolder(workload: Marked, held: HeldRequest): void {
  const name = workloadName(held.target);
  const holder = holderOf(workload);
  if (holder === held.holder) return;
  throw new SluiceError(
    'WORKLOAD_CHANGED',
    holder === undefined
      ? `Somebody took the annotation ${marks.release} off ${name}: this release does not hold it any more.`
      : `${name} is held by ${holder} now, not by this release.`,
  );
}

/** @throws WORKLOAD_BUSY where another release holds it */
export function requireNobodyElse(workload: Marked, held: HeldRequest): void {
  const holder = holderOf(workload);
  if (holder === undefined || holder === held.holder) return;
  throw new SluiceError('WORKLOAD_BUSY', `${workloadName(held.target)} is held by ${holder} now.`);
}

/** What was `found` of the workload. @throws WORKLOAD_NOT_FOUND where it was deleted, or made anew, in mid-release */
export function requireThere<T>(found: T | undefined, held: HeldRequest): T {
  if (found !== undefined) return found;
  throw goneInMidRelease(held);
}

/** Of a workload that was deleted, or made anew, in mid-release. */
export const goneInMidRelease = ({ target }: HeldRequest): SluiceError =>
  new SluiceError('WORKLOAD_NOT_FOUND', `${workloadName(target)} was deleted (or made anew) in mid-release.`, {
    next: 'There is nothing left to release. If it was made anew, release again.',
  });
