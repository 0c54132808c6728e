import type { CommitRequest } from '../../../workflows/contract/activities/hold.ts';
import { isBearing, marked, markOfBirths } from '../births.ts';
import { templateOf } from '../controllerRevisions.ts';
import { holderOf, holdMarks } from '../holder.ts';
import { hasMark } from '../podState.ts';
import { pods } from '../resources.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { causeKey, changeOf, requireTemplate, type TemplateChange } from '../templateChange.ts';
import { sameTemplate, withoutOurs } from '../templates.ts';
import type { Connection } from '../types.ts';
import type { PodTemplate } from '../wire.ts';
import { hold } from './acquire.ts';
import { bear } from './bear.ts';
import type { AnySet, SetKind } from './kind.ts';
import { type Look, lookAgain, lookHeld, untilObserved } from './look.ts';
import { livingPods } from './pods.ts';
import { rewrite } from './rewrite.ts';
import { expectedTemplate, readTrail, type Trail, trailOf, uncommitted } from './trail.ts';

/**
 * Makes the change its own template, and waits until its controller has seen it: a pod that is born from then on has it.
 * Can be run again after a crash at any point.
 * @throws WORKLOAD_CHANGED over somebody's change
 */
export async function commit(kube: Connection, kind: SetKind, request: CommitRequest): Promise<void> {
  const change = await changeOf(kube, request);
  await retryConflicts(async () => {
    const look = await lookHeld(kube, kind, request);
    const { set } = look;
    const { template } = set.spec;
    const plain = withoutOurs(template);
    const done = change.sideOf(template) === 'to';
    requireTemplate(plain, withoutOurs(expectedTemplate(look) ?? template), request.target);
    if (done) return;
    const { to, holder, cause } = request;
    const mark = markOfBirths(request);
    const trail = readTrail(set);
    const next = trail && { ...trail, to, ...(request.mark !== undefined && { template: change.on('to', plain) }) };
    // The pods that are born until the old ones are gone can be told from those.
    const born = change.on('to', template);
    const written = mark === undefined ? born : marked(born, holder, { side: 'to', mark });
    await write(kube, kind, set, request, written, next, cause);
  });
  await untilObserved(kube, kind, request);
  if (markOfBirths(request) !== undefined) await replaceStragglers(kube, kind, request);
}

/** See that of a Deployment: pods that were born old between the last look and the new template are deleted. */
async function replaceStragglers(kube: Connection, kind: SetKind, request: CommitRequest): Promise<void> {
  const { set } = await lookHeld(kube, kind, request);
  if (!isBearing(set.spec.template)) return;
  const { namespace } = request.target;
  const old = (await livingPods(kube, set)).filter((pod) => !hasMark(pod, request.mark));
  for (const { metadata } of old) await kube.remove(pods, { namespace, name: metadata.name }, { uid: metadata.uid });
  await bear(kube, kind, request);
}

/**
 * Undoes a commit: the old template again. Its revision, which the controller then takes for the newest one, gets its
 * number back when the workload is given back, and that of the new version goes.
 */
export async function uncommit(kube: Connection, kind: SetKind, request: CommitRequest): Promise<void> {
  if (!(await lookAgain(kube, kind, request))) return;
  const change = await changeOf(kube, request);
  const found = await retryConflicts(async () => {
    const look = (await lookAgain(kube, kind, request)) && (await takeBack(kube, kind, request, change));
    if (!look) return false;
    const { set } = look;
    const { template } = set.spec;
    if (change.sideOf(template) === 'from') return true;
    const trail = uncommitted(readTrail(set) ?? trailOf(look, '', kind.room));
    await write(kube, kind, set, request, change.on('from', template), trail, trail.cause);
    return true;
  });
  if (found) await untilObserved(kube, kind, request);
}

/** Template, trail and change-cause in one write. */
async function write(
  kube: Connection,
  kind: SetKind,
  set: AnySet,
  { holder }: CommitRequest,
  template: PodTemplate,
  trail: Trail | undefined,
  cause: string | null,
): Promise<void> {
  const annotations = { ...(trail && holdMarks(holder, trail)), [causeKey]: cause };
  await rewrite(kube, kind, set, { annotations, spec: { template } });
}

/**
 * The release step may have given it back although its answer was lost: then it is taken once more, or the controller
 * would answer the old template with a rolling update. Undefined where there is nothing to undo.
 */
async function takeBack(
  kube: Connection,
  kind: SetKind,
  request: CommitRequest,
  change: TemplateChange,
): Promise<Look | undefined> {
  const look = await lookHeldOrFree(kube, kind, request);
  if (!look || holderOf(look.set) === request.holder) return look;
  const { set, revisions, newest: undone } = look;
  if (change.sideOf(set.spec.template) === 'from') return undefined;
  const old = change.on('from', set.spec.template);
  const base = revisions.findLast((revision) => sameTemplate(templateOf(revision), old));
  const name = base?.metadata.name ?? '';
  const found = trailOf(look, name, kind.room);
  const { [undone]: newest = 1, ...numbers } = found.numbers;
  const cause = base?.metadata.annotations?.[causeKey] ?? null;
  // Without a history the old revision is made anew, under the number that it had.
  const numbered = { ...found, numbers: { [name]: newest - 1, ...numbers }, cause, to: request.to };
  const trail = request.mark === undefined ? numbered : { ...numbered, template: withoutOurs(set.spec.template) };
  await hold(kube, kind, set, request.holder, trail);
  return lookAgain(kube, kind, request);
}

async function lookHeldOrFree(kube: Connection, kind: SetKind, request: CommitRequest): Promise<Look | undefined> {
  const look = await lookAgain(kube, kind, request);
  const holder = look && holderOf(look.set);
  return holder === undefined || holder === request.holder ? look : undefined;
}
