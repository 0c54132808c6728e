import { readBefore } from '../holder.ts';
import type { PodTemplate, ReplicaSet } from '../wire.ts';

/** What a ReplicaSet was before it was acquired (marks.before), so that a crashed release can be put back. */
export interface Trail {
  readonly template: PodTemplate;
  /** Its change-cause; null where it had none. */
  readonly cause: string | null;
  /** The new template, from the commit on. */
  readonly after?: PodTemplate;
}

/** The trail of one that has not been committed. */
export function uncommitted({ after: _after, ...before }: Trail): Trail {
  return before;
}

/** The trail on `set`; undefined where there is none, or where somebody has made it unreadable. */
export function readTrail(set: ReplicaSet): Trail | undefined {
  const value = readBefore(set);
  return typeof value === 'object' && value !== null && 'template' in value && 'cause' in value
    ? (value as Trail)
    : undefined;
}
