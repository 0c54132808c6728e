import type { CommitRequest } from '../../../workflows/contract/activities/hold.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { marks } from '../../../workflows/contract/names.ts';
import { isBearing, marked, markOfBirths } from '../births.ts';
import { removeStragglers } from '../replicaSetBirths.ts';
import { deployments, replicaSets } from '../resources.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { causeKey, changeOf, requireTemplate, type TemplateChange } from '../templateChange.ts';
import { sameTemplate, withoutOurs } from '../templates.ts';
import type { Connection } from '../types.ts';
import type { Deployment, PodTemplate, ReplicaSet } from '../wire.ts';
import { bear } from './bear.ts';
import { hasPods, type Look, lookHeld, withoutLive } from './look.ts';
import { renumbered } from './revisionNumber.ts';

/**
 * Makes the change the Deployment's own template, then that of its live ReplicaSet. In between the controller (the
 * Deployment is paused) does nothing. Can be run again after a crash at any point: each step looks whether it is done.
 * The version before becomes native history when the workload is given back, see release.ts.
 * @throws WORKLOAD_CHANGED over somebody's change
 */
export async function commit(kube: Connection, request: CommitRequest): Promise<void> {
  const change = await changeOf(kube, request);
  await retryConflicts(async () => {
    const look = await lookHeld(kube, request);
    const { deployment } = look;
    const live = requireLive(look, request);
    if (change.sideOf(deployment.spec.template) === 'to') return;
    requireEqual(deployment.spec.template, live.spec.template, request);
    await removeTwins(kube, look, live, change);
    await setTemplate(kube, deployment, request, change.patchTo('to', deployment.spec.template), request.cause);
  });
  await retryConflicts(async () => {
    const look = await lookHeld(kube, request);
    const { deployment, sets } = look;
    const live = requireLive(look, request);
    const expected = change.on('from', deployment.spec.template);
    const { template } = live.spec;
    if (template && sameTemplate(template, expected, [marks.serving])) {
      const to = change.on('to', template);
      const mark = markOfBirths(request);
      const patch =
        mark === undefined
          ? change.patchTo('to', template)
          : { $patch: 'replace', ...marked(to, request.holder, { side: 'to', mark }) };
      await setLive(kube, live, patch, renumbered(live, sets));
    } else requireEqual(deployment.spec.template, template && withoutOurs(template), request);
  });
  if (markOfBirths(request) !== undefined) await replaceStragglers(kube, request);
}

/**
 * Patches template and change-cause of the Deployment whose template was judged as `seen`. Reads it once more right
 * before: its status and its scale change often, and only another template is a reason to stop.
 */
export async function setTemplate(
  kube: Connection,
  seen: Deployment,
  request: CommitRequest,
  template: object,
  cause: string | null,
): Promise<void> {
  await retryConflicts(async () => {
    const { metadata, spec } = await kube.get(deployments, request.target);
    requireTemplate(spec.template, seen.spec.template, request.target);
    const { uid, resourceVersion } = metadata;
    const body = { metadata: { uid, resourceVersion, annotations: { [causeKey]: cause } }, spec: { template } };
    if (uid === seen.metadata.uid) await kube.patch(deployments, request.target, body, { as: 'strategic' });
  });
}

/** Patches the ReplicaSet's template, unless somebody changed the ReplicaSet since it was read. */
export async function setLive(
  kube: Connection,
  live: ReplicaSet,
  template: object,
  annotations: Readonly<Record<string, string | null>> = {},
): Promise<void> {
  const { namespace = '', name, resourceVersion } = live.metadata;
  await kube.patch(
    replicaSets,
    { namespace, name },
    { metadata: { resourceVersion, annotations }, spec: { template } },
    { as: 'strategic' },
  );
}

/** Deletes pods that were born old, and lets others be born without our marks. */
async function replaceStragglers(kube: Connection, request: CommitRequest): Promise<void> {
  const { live } = await lookHeld(kube, request);
  if (!live || !isBearing(live.spec.template)) return;
  await removeStragglers(kube, live, request.mark);
  await bear(kube, request);
}

export function requireLive({ live }: Look, { target }: CommitRequest): ReplicaSet {
  if (live) return live;
  throw withoutLive(target);
}

function requireEqual(template: PodTemplate, live: PodTemplate | undefined, { target }: CommitRequest): void {
  if (live === undefined) throw withoutLive(target);
  requireTemplate(template, live, target);
}

/**
 * An older history entry with the very template that we are about to set (a release back to an earlier version): the
 * controller would take it, being older, for the new one, and move every pod to it at the resume. A native rollout to
 * that version would have taken it out of the history too.
 */
export async function removeTwins(
  kube: Connection,
  { deployment, sets }: Look,
  live: ReplicaSet,
  change: TemplateChange,
): Promise<void> {
  const wanted = change.on('to', deployment.spec.template);
  for (const set of sets) {
    const { namespace = '', name, uid } = set.metadata;
    if (name === live.metadata.name || !set.spec.template || !sameTemplate(set.spec.template, wanted)) continue;
    if (hasPods(set)) {
      throw new SluiceError('WORKLOAD_CHANGED', `replicaset/${name} has the new template already, and pods of it.`);
    }
    await kube.remove(replicaSets, { namespace, name }, { uid });
  }
}
