import type { Handful, PodFailure } from '../workflows/contract/activities.ts';
import type { ErrorCode } from '../workflows/contract/errors.ts';

/** What became of one pod. */
export type Outcome = 'done' | 'later' | 'gone' | { readonly code: ErrorCode; readonly reason: string };

export const emptyHandful: Handful = { done: [], failed: [], later: [], gone: [] };

/** Collects outcomes by pod name into the answer of a vectorised activity; each pod ends in exactly one list. */
export function handfulOf(outcomes: Iterable<readonly [pod: string, Outcome]>): Handful {
  const done: string[] = [];
  const failed: PodFailure[] = [];
  const later: string[] = [];
  const gone: string[] = [];
  for (const [pod, outcome] of outcomes) {
    if (outcome === 'done') done.push(pod);
    else if (outcome === 'later') later.push(pod);
    else if (outcome === 'gone') gone.push(pod);
    else failed.push({ pod, ...outcome });
  }
  return { done, failed, later, gone };
}

/** Several answers about different pods as one. */
export function join(...parts: readonly Handful[]): Handful {
  return {
    done: parts.flatMap((part) => part.done),
    failed: parts.flatMap((part) => part.failed),
    later: parts.flatMap((part) => part.later),
    gone: parts.flatMap((part) => part.gone),
  };
}
