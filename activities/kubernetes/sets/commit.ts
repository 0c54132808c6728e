import type { CommitRequest } from '../../../workflows/contract/activities.ts';
import type { Images } from '../../../workflows/contract/observation.ts';
import { templateOf } from '../controllerRevisions.ts';
import { holderOf, holdMarks } from '../holder.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { causeKey, imagesPatch, requireTemplate, whichImages } from '../templateChange.ts';
import { sameTemplate, withImages } from '../templates.ts';
import type { Connection } from '../types.ts';
import { hold } from './acquire.ts';
import type { AnySet, SetKind } from './kind.ts';
import { type Look, lookAgain, lookHeld, untilObserved } from './look.ts';
import { expectedTemplate, readTrail, type Trail, trailOf } from './trail.ts';

/**
 * Makes the change its own template, and waits until its controller has seen it: a pod that is born from then on has it.
 * Can be run again after a crash at any point.
 * @throws WORKLOAD_CHANGED over somebody's change
 */
export async function commit(kube: Connection, kind: SetKind, request: CommitRequest): Promise<void> {
  await retryConflicts(async () => {
    const look = await lookHeld(kube, kind, request);
    const { set } = look;
    const done = whichImages(set.spec.template, request) === 'to';
    requireTemplate(set.spec.template, expectedTemplate(look) ?? set.spec.template, request.target);
    if (done) return;
    const trail = readTrail(set);
    await write(kube, kind, set, request, request.to, trail && { ...trail, to: request.to }, request.cause);
  });
  await untilObserved(kube, kind, request);
}

/**
 * Undoes a commit: the old template again. Its revision, which the controller then takes for the newest one, gets its
 * number back when the workload is given back, and that of the new version goes.
 */
export async function uncommit(kube: Connection, kind: SetKind, request: CommitRequest): Promise<void> {
  const found = await retryConflicts(async () => {
    const look = (await lookAgain(kube, kind, request)) && (await takeBack(kube, kind, request));
    if (!look) return false;
    const { set } = look;
    if (whichImages(set.spec.template, request) === 'from') return true;
    const { to: _, ...trail } = readTrail(set) ?? trailOf(look, '', kind.room);
    await write(kube, kind, set, request, request.from, trail, trail.cause);
    return true;
  });
  if (found) await untilObserved(kube, kind, request);
}

/** Images, trail and change-cause in one write. */
async function write(
  kube: Connection,
  kind: SetKind,
  { metadata }: AnySet,
  { target, holder }: CommitRequest,
  images: Images,
  trail: Trail | undefined,
  cause: string | null,
): Promise<void> {
  const { resourceVersion } = metadata;
  const annotations = { ...(trail && holdMarks(holder, trail)), [causeKey]: cause };
  const body = { metadata: { resourceVersion, annotations }, spec: { template: imagesPatch(images) } };
  await kube.patch(kind.resource, target, body, { as: 'strategic' });
}

/**
 * The release step may have given it back although its answer was lost: then it is taken once more, or the controller
 * would answer the old template with a rolling update. Undefined where there is nothing to undo.
 */
async function takeBack(kube: Connection, kind: SetKind, request: CommitRequest): Promise<Look | undefined> {
  const look = await lookHeldOrFree(kube, kind, request);
  if (!look || holderOf(look.set) === request.holder) return look;
  const { set, revisions, newest: undone } = look;
  if (whichImages(set.spec.template, request) === 'from') return undefined;
  const old = withImages(set.spec.template, request.from);
  const base = revisions.findLast((revision) => sameTemplate(templateOf(revision), old));
  const name = base?.metadata.name ?? '';
  const found = trailOf(look, name, kind.room);
  const { [undone]: newest = 1, ...numbers } = found.numbers;
  const cause = base?.metadata.annotations?.[causeKey] ?? null;
  // Without a history the old revision is made anew, under the number that it had.
  const trail = { ...found, numbers: { [name]: newest - 1, ...numbers }, cause, to: request.to };
  await hold(kube, kind, set, request.holder, trail);
  return lookAgain(kube, kind, request);
}

async function lookHeldOrFree(kube: Connection, kind: SetKind, request: CommitRequest): Promise<Look | undefined> {
  const look = await lookAgain(kube, kind, request);
  const holder = look && holderOf(look.set);
  return holder === undefined || holder === request.holder ? look : undefined;
}
