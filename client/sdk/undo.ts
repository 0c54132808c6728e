import { SluiceError } from '../../workflows/contract/errors.ts';
import { type NativeRevision, recordsOf } from '../../workflows/contract/history.ts';
import { hasAll, sameImage, tagOf } from '../../workflows/contract/imageName.ts';
import { type Target, workloadName } from '../../workflows/contract/names.ts';
import type { Images } from '../../workflows/contract/observation.ts';
import { bringsVersion } from '../../workflows/contract/record.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import type { History } from './history.ts';

/** Where an undo goes back to. A restart is no version: what it restarted is passed over, unless it is named. */
export interface Undo {
  readonly revision: number;
  /** Only the containers that change, spelled as in that revision: its tag or digest must not be taken for another one. */
  readonly images: Images;
  /** What else goes back: then the whole revision does, and pods are made anew. */
  readonly differs?: string;
  /** How many versions back: 1 is the one before the current one, 0 the current one in another spelling. */
  readonly back: number;
}

/**
 * The revision that an undo goes back to, and what that changes. Pure.
 * @param to its number; default: the one before the current version
 * @throws REVISION_NOT_FOUND with those there are, IMAGE_UNCHANGED
 */
export function undoOf({ target, entries }: History, to?: number): Undo {
  if (to === undefined) requireRevision(target, entries);
  const kept = entries.flatMap(({ native }) => native ?? []);
  const current = kept.find((revision) => revision.current);
  const older = current === undefined ? [] : otherVersions(current, kept, entries);
  const wanted = to === undefined ? older[0] : kept.find(({ revision }) => revision === to);
  if (current === undefined || wanted === undefined) throw notFound(target, kept, to);
  if (wanted.current) {
    throw new SluiceError('IMAGE_UNCHANGED', `${workloadName(target)} is at revision ${wanted.revision} now.`, {
      next: 'There is nothing to undo.',
    });
  }
  const images = Object.entries(wanted.images).filter(([name, image]) => current.images[name] !== image);
  const { revision, differs } = wanted;
  return {
    revision,
    images: Object.fromEntries(images),
    ...(differs !== undefined && { differs }),
    back: older.indexOf(wanted) + 1,
  };
}

/** The `change` of an undo. `spec`: that of the last release, whose order of containers is turned round. */
export function undoChange({ revision, images, differs }: Undo, spec: unknown): ReleaseSpecInput['change'] {
  if (differs !== undefined) return { revision };
  const order = orderBack(spec, images);
  // Another spelling would be another template.
  return { images, pin: 'Tag', ...(order !== undefined && { order }) };
}

/** The order of a release the other way round, for those of its containers that go back; `spec`: that release's. */
export function orderBack(spec: unknown, images: Images): string[][] | undefined {
  const { change } = (spec ?? {}) as { readonly change?: { readonly order?: readonly (string | readonly string[])[] } };
  const groups = (change?.order ?? []).map((entry) => [entry].flat().filter((name) => Object.hasOwn(images, name)));
  const left = Object.keys(images).filter((name) => !groups.flat().includes(name));
  const back = [left, ...groups.toReversed()].filter((group) => group.length > 0);
  return groups.flat().length > 0 && back.length > 1 ? back : undefined;
}

/**
 * What was reloaded is in no revision: the one before would undo something else. And an undo restarts what changes, so that
 * nothing would be handed over.
 */
function requireRevision(target: Target, entries: History['entries']): void {
  const last = recordsOf(entries).find((record) => record.phase === 'succeeded' && bringsVersion(record));
  if (isHotSwap(last?.spec)) {
    throw new SluiceError(
      'REVISION_NOT_FOUND',
      `The last release of ${workloadName(target)} handed connections over, and an undo would break them: it restarts both containers at once.`,
      { next: 'Release the version before with change.hotSwap; or name a revision with --to-revision.' },
    );
  }
  if (last?.reload !== true) return;
  throw new SluiceError(
    'REVISION_NOT_FOUND',
    `The last release of ${workloadName(target)} reloaded ${last.version} and made no revision: there is none to go back to.`,
    { next: 'Release the spec of the version before; or name a revision with --to-revision.' },
  );
}

const isHotSwap = (spec: unknown): boolean =>
  (spec as { readonly change?: { readonly hotSwap?: object } } | undefined)?.change?.hotSwap !== undefined;

/** The revisions that are another version than `current`, newest first. */
function otherVersions(
  current: NativeRevision,
  kept: readonly NativeRevision[],
  entries: History['entries'],
): readonly NativeRevision[] {
  const spellings = [current.images];
  for (const { record } of entries) {
    if (record?.restart !== true || record.phase !== 'succeeded') continue;
    const restarted = spellings.find((images) => hasAll(images, record.to));
    if (restarted !== undefined) spellings.push({ ...restarted, ...record.from });
  }
  const isCurrentVersion = ({ images, differs }: NativeRevision): boolean =>
    differs === undefined && spellings.some((spelling) => sameImages(spelling, images));
  return kept.filter((revision) => !revision.current && !isCurrentVersion(revision));
}

const sameImages = (a: Images, b: Images): boolean =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].every((name) => sameImage(a[name] ?? '', b[name] ?? ''));

function notFound(target: Target, kept: readonly NativeRevision[], to: number | undefined): SluiceError {
  const there = kept.map(({ revision, images }) => `${revision} (${Object.values(images).map(tagOf).join(', ')})`);
  const name = workloadName(target);
  const why = kept.length > 1 ? `: all that it keeps (${there.join(', ')}) are the same version` : '';
  return new SluiceError(
    'REVISION_NOT_FOUND',
    to === undefined
      ? `${name} has no older version to go back to${why}.`
      : `${name} has no revision ${to}; there ${there.length === 1 ? 'is' : 'are'} ${there.join(', ') || 'none'}.`,
    { details: { revisions: kept.map(({ revision }) => revision) } },
  );
}
