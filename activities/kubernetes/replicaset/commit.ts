import type { CommitRequest, HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { isBearing, marked, markOfBirths } from '../births.ts';
import { holderOf, holdMarks } from '../holder.ts';
import { removeStragglers, untilBearing } from '../replicaSetBirths.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { causeKey, changeOf, requireTemplate } from '../templateChange.ts';
import { withoutOurs } from '../templates.ts';
import type { Connection } from '../types.ts';
import type { ReplicaSet } from '../wire.ts';
import { lookAgain, lookHeld } from './look.ts';
import { bear } from './recreation.ts';
import { readTrail, type Trail, uncommitted } from './trail.ts';
import { write } from './write.ts';

/**
 * Makes the change its own template: a pod that is born from then on has it. Can be run again after a crash at any point.
 * @throws WORKLOAD_CHANGED over somebody's change
 */
export async function commit(kube: Connection, request: CommitRequest): Promise<void> {
  const change = await changeOf(kube, request);
  const { holder, cause } = request;
  const mark = markOfBirths(request);
  const committed = await retryConflicts(async () => {
    const set = await lookHeld(kube, request);
    const template = set.spec.template ?? {};
    const trail = readTrail(set) ?? { template, cause: null };
    requireOwn(set, trail, request);
    if (change.sideOf(template) === 'to') return set;
    const after = change.on('to', trail.template);
    const annotations = { ...holdMarks(holder, { ...trail, after }), [causeKey]: cause };
    // The pods that are born until the old ones are gone can be told from those.
    const patch =
      mark === undefined
        ? change.patchTo('to', template)
        : { $patch: 'replace', ...marked(change.on('to', template), holder, { side: 'to', mark }) };
    return write(kube, set, { annotations }, patch);
  });
  if (mark === undefined || !isBearing(committed.spec.template)) return;
  await untilBearing(kube, committed);
  await removeStragglers(kube, committed, mark);
  await bear(kube, request);
}

/** Undoes a commit; nothing where it is given back with the old template already, or another release's. */
export async function uncommit(kube: Connection, request: CommitRequest): Promise<void> {
  if (!(await lookAgain(kube, request))) return;
  const change = await changeOf(kube, request);
  await retryConflicts(async () => {
    const set = await lookAgain(kube, request);
    const holder = set && holderOf(set);
    if (!set || (holder !== undefined && holder !== request.holder)) return;
    const template = set.spec.template ?? {};
    if (change.sideOf(template) === 'from') return;
    const trail = uncommitted(readTrail(set) ?? { template: change.on('from', template), cause: null });
    const annotations = { ...holdMarks(request.holder, trail), [causeKey]: trail.cause };
    await write(kube, set, { annotations }, change.patchTo('from', template));
  });
}

/** @throws WORKLOAD_CHANGED unless it has the template that the release has left in it, marks of births aside */
function requireOwn({ spec }: ReplicaSet, { template, after }: Trail, { target }: HeldRequest): void {
  requireTemplate(withoutOurs(spec.template ?? {}), withoutOurs(after ?? template), target);
}
