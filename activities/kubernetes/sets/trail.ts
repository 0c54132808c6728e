import { marks } from '../../../workflows/contract/names.ts';
import type { Images } from '../../../workflows/contract/observation.ts';
import { isInterim, templateOf } from '../controllerRevisions.ts';
import { readBefore } from '../holder.ts';
import { causeKey } from '../templateChange.ts';
import { difference, withImages } from '../templates.ts';
import type { PodTemplate } from '../wire.ts';
import type { AnySet, SetKind } from './kind.ts';
import type { Look } from './look.ts';

/** Of Kubernetes. */
const defaultLimit = 10;

/** What a set was before it was acquired (marks.before), so that a crashed release can be put back. */
export interface Trail {
  readonly strategy: AnySet['spec']['updateStrategy'];
  /** Its revisionHistoryLimit, where that is raised meanwhile. */
  readonly limit?: number;
  /** Its change-cause; null where it had none. */
  readonly cause: string | null;
  /** Name of the ControllerRevision that keeps its template. */
  readonly revision: string;
  /** Number of each revision that there was, by name. */
  readonly numbers: Readonly<Record<string, number>>;
  /** The new images, from the commit on. */
  readonly to?: Images;
  /** The new template, from the commit on, where pods are made anew. */
  readonly template?: PodTemplate;
}

/** The trail of one that has not been committed. */
export function uncommitted({ to: _to, template: _template, ...before }: Trail): Trail {
  return before;
}

/** The trail on `set`; undefined where there is none, or where somebody has made it unreadable. */
export function readTrail(set: AnySet): Trail | undefined {
  const value = readBefore(set);
  return isTrail(value) ? value : undefined;
}

/** The trail of a set whose template is that of the revision `base`. `room`: how much its limit will be raised. */
export function trailOf(
  { set, revisions }: Look,
  base: string,
  room: number,
  strategy = set.spec.updateStrategy ?? {},
): Trail {
  const kept = revisions.filter((revision) => !isInterim(revision) || revision.metadata.name === base);
  return {
    strategy,
    ...(room > 0 && { limit: set.spec.revisionHistoryLimit ?? defaultLimit }),
    cause: set.metadata.annotations?.[causeKey] ?? null,
    revision: base,
    numbers: Object.fromEntries(kept.map(({ metadata, revision }) => [metadata.name, revision])),
  };
}

/** What of the spec a hold raises, and how far. */
export const roomFor = ({ room }: SetKind, { limit }: Trail) => ({
  ...(limit !== undefined && { revisionHistoryLimit: limit + room }),
});

/** Number of the revision that the release began with. */
export const baseNumber = ({ revision, numbers }: Trail): number => numbers[revision] ?? 0;

/** The template that a release has left in it: what it found, with the new images after the commit. */
export function expectedTemplate({ set, revisions }: Look): PodTemplate | undefined {
  const trail = readTrail(set);
  const base = revisions.find(({ metadata }) => metadata.name === trail?.revision);
  return trail?.template ?? (base && withImages(templateOf(base), trail?.to ?? {}));
}

/** What is other in the template than the release has left it, our label of an open way out of traffic aside. */
export function foreignChange(look: Look): string | undefined {
  const expected = expectedTemplate(look);
  return expected && difference(look.set.spec.template, expected, [marks.serving]);
}

function isTrail(value: unknown): value is Trail {
  return (
    typeof value === 'object' &&
    value !== null &&
    'strategy' in value &&
    typeof value.strategy === 'object' &&
    'revision' in value &&
    typeof value.revision === 'string' &&
    'numbers' in value &&
    typeof value.numbers === 'object' &&
    value.numbers !== null &&
    'cause' in value &&
    (value.cause === null || typeof value.cause === 'string')
  );
}
