import { hasAll } from './imageName.ts';
import type { Images } from './observation.ts';
import { bringsVersion, type ReleaseRecord } from './record.ts';

/** What the cluster knows of a workload's past. */
export interface History {
  /** What `kubectl rollout history` lists, whoever made it; newest first. */
  readonly revisions: readonly NativeRevision[];
  /** Of ended releases, newest first. */
  readonly records: readonly ReleaseRecord[];
  /** Why there are no records, where the worker may not read them. */
  readonly withheld?: string;
}

/** One revision that the workload's controller keeps. */
export interface NativeRevision {
  readonly revision: number;
  /** The one that the workload's template is now. */
  readonly current: boolean;
  /** Images of its containers. */
  readonly images: Images;
  /** Birth of its ReplicaSet, ISO 8601; absent where that was another revision before. */
  readonly createdAt?: string;
  /** kubernetes.io/change-cause. */
  readonly cause?: string;
  /** What besides images of containers is other than in the current template; absent: nothing is. */
  readonly differs?: string;
}

/** A line of the history: a revision, a release, or both. */
export interface HistoryEntry {
  readonly native?: NativeRevision;
  readonly record?: ReleaseRecord;
  /** When it began, ISO 8601; absent where nobody knows. */
  readonly at?: string;
}

/** Revisions with the releases that made them, newest first; releases that made none stand where they happened. */
export function historyEntries({ revisions, records }: Pick<History, 'revisions' | 'records'>): HistoryEntry[] {
  const byRevision = new Map(records.toReversed().flatMap((record) => keyed(record)));
  const joined: HistoryEntry[] = [];
  for (const native of revisions) {
    const record = byRevision.get(native.revision);
    // A workload that was made anew counts its revisions from 1 again.
    if (record !== undefined && hasAll(native.images, record.to)) joined.push({ native, record, at: record.startedAt });
    else joined.push({ native, ...bornBefore(native, joined.findLast(({ at }) => at !== undefined)?.at) });
  }
  const used = new Set(joined.flatMap(({ record }) => record?.run ?? []));
  const alone = records.filter(({ run }) => !used.has(run));
  return merged(
    joined,
    alone.map((record) => ({ record, at: record.startedAt })),
  );
}

const keyed = (record: ReleaseRecord): [number, ReleaseRecord][] =>
  record.revision === undefined ? [] : [[record.revision, record]];

/** A release keeps the old version as a ReplicaSet of its own, born at its commit: too late to say when that version was made. */
const bornBefore = ({ createdAt }: NativeRevision, next: string | undefined): Pick<HistoryEntry, 'at'> =>
  createdAt !== undefined && (next === undefined || Date.parse(createdAt) < Date.parse(next)) ? { at: createdAt } : {};

interface Alone {
  readonly record: ReleaseRecord;
  readonly at: string;
}

/** Revisions stay in their order, releases in theirs. */
function merged(revisions: readonly HistoryEntry[], releases: readonly Alone[]): HistoryEntry[] {
  const [revision, ...olderRevisions] = revisions;
  const [release, ...olderReleases] = releases;
  if (revision === undefined) return [...releases];
  if (release === undefined) return [...revisions];
  return isNewer(release, revision)
    ? [release, ...merged(revisions, olderReleases)]
    : [revision, ...merged(olderRevisions, releases)];
}

/** Where nobody knows when a revision was made: releases after it began with its images. */
function isNewer({ record, at }: Alone, revision: HistoryEntry): boolean {
  if (revision.at !== undefined) return Date.parse(at) > Date.parse(revision.at);
  return revision.native !== undefined && bringsVersion(record) && hasAll(revision.native.images, record.from);
}

/** The records of releases among the entries of a history, the last one first. */
export const recordsOf = (entries: readonly Pick<HistoryEntry, 'record'>[]): readonly ReleaseRecord[] =>
  entries.flatMap(({ record }) => record ?? []).toSorted((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt));
