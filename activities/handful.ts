import type { Handful } from '../workflows/contract/activities/handful.ts';
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

/** Collects outcomes by pod name into the answer of a vectorised activity; each pod ends in exactly one of the lists of Handful that are always there. */
export const handfulOf = (outcomes: Iterable<readonly [pod: string, Outcome]>): Handful =>
  join(...[...outcomes].map(([pod, outcome]) => ({ ...emptyHandful, ...partOf(pod, outcome) })));

function partOf(pod: string, outcome: Outcome): Partial<Handful> {
  switch (outcome) {
    case 'done':
    case 'later':
    case 'gone':
      return { [outcome]: [pod] };
    case 'asWas':
      return { done: [pod], asWas: [pod] };
    case 'again':
      return { later: [pod], again: [pod] };
  }
  if ('note' in outcome) return { done: [pod], notes: [{ pod, text: outcome.note }] };
  if ('waitsFor' in outcome) return { later: [pod], waits: [{ pod, text: outcome.waitsFor }] };
  return { failed: [{ pod, ...outcome }] };
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
