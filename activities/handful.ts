import type { Handful, PodFailure, PodNote } from '../workflows/contract/activities.ts';
import type { ErrorCode } from '../workflows/contract/errors.ts';

/** What became of one pod. `asWas`: done, as it was so before; `again`: later, and its time in this stage begins anew. `note`: done, and people must know this of it; `waitsFor`: later, and why. */
export type Outcome =
  | 'done'
  | 'asWas'
  | 'later'
  | 'again'
  | 'gone'
  | { readonly code: ErrorCode; readonly reason: string }
  | { readonly note: string }
  | { readonly waitsFor: string };

export const emptyHandful: Handful = { done: [], failed: [], later: [], gone: [] };

/** Collects outcomes by pod name into the answer of a vectorised activity; each pod ends in exactly one list. */
export function handfulOf(outcomes: Iterable<readonly [pod: string, Outcome]>): Handful {
  const done: string[] = [];
  const failed: PodFailure[] = [];
  const later: string[] = [];
  const again: string[] = [];
  const asWas: string[] = [];
  const gone: string[] = [];
  const notes: PodNote[] = [];
  const waits: PodNote[] = [];
  for (const [pod, outcome] of outcomes) {
    if (outcome === 'done') done.push(pod);
    else if (outcome === 'later') later.push(pod);
    else if (outcome === 'asWas') {
      done.push(pod);
      asWas.push(pod);
    } else if (outcome === 'again') {
      later.push(pod);
      again.push(pod);
    } else if (outcome === 'gone') gone.push(pod);
    else if ('note' in outcome) {
      done.push(pod);
      notes.push({ pod, text: outcome.note });
    } else if ('waitsFor' in outcome) {
      later.push(pod);
      waits.push({ pod, text: outcome.waitsFor });
    } else failed.push({ pod, ...outcome });
  }
  return {
    done,
    failed,
    later,
    gone,
    ...(again.length > 0 && { again }),
    ...(asWas.length > 0 && { asWas }),
    ...(notes.length > 0 && { notes }),
    ...(waits.length > 0 && { waits }),
  };
}

/** Several answers about different pods as one. */
export function join(...parts: readonly Handful[]): Handful {
  const notes = parts.flatMap((part) => part.notes ?? []);
  const again = parts.flatMap((part) => part.again ?? []);
  const asWas = parts.flatMap((part) => part.asWas ?? []);
  const waits = parts.flatMap((part) => part.waits ?? []);
  return {
    done: parts.flatMap((part) => part.done),
    failed: parts.flatMap((part) => part.failed),
    later: parts.flatMap((part) => part.later),
    gone: parts.flatMap((part) => part.gone),
    ...(again.length > 0 && { again }),
    ...(asWas.length > 0 && { asWas }),
    ...(notes.length > 0 && { notes }),
    ...(waits.length > 0 && { waits }),
  };
}
