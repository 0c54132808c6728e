import type { ReplicaSet } from '../wire.ts';
import { earlierKey, revisionKey } from './trail.ts';

/** Annotations to set; null takes one away. */
type Change = Readonly<Record<string, string | null>>;

/**
 * The annotations with which `live` becomes the newest revision, as the controller would write them: the next number,
 * and the one before among the earlier ones. Written together with the new template, they tell after a crash which
 * revision it was. Nothing where it has no number, which only a controller that has not seen it yet leaves out.
 */
export function renumbered(live: ReplicaSet, sets: readonly ReplicaSet[]): Change {
  const { [revisionKey]: now, [earlierKey]: earlier } = live.metadata.annotations ?? {};
  if (now === undefined) return {};
  const highest = Math.max(...sets.map(({ metadata }) => Number(metadata.annotations?.[revisionKey]) || 0));
  return { [revisionKey]: String(highest + 1), [earlierKey]: earlier ? `${earlier},${now}` : now };
}

/** The annotations of the revision that `live` was before {@link renumbered}. */
export function revisionBefore({ metadata: { annotations = {} } }: ReplicaSet): Change {
  const earlier = (annotations[earlierKey] ?? '').split(',').filter((number) => number !== '');
  const last = earlier.pop();
  if (last === undefined) return {};
  return { [revisionKey]: last, [earlierKey]: earlier.length === 0 ? null : earlier.join(',') };
}
