import type { CommitRequest } from '../../../workflows/contract/activities.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { marks, type Target, workloadName } from '../../../workflows/contract/names.ts';
import type { Images } from '../../../workflows/contract/observation.ts';
import { deployments, replicaSets } from '../resources.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { causeKey, imagesPatch, requireTemplate, whichImages } from '../templateChange.ts';
import { sameTemplate, withImages } from '../templates.ts';
import type { Connection } from '../types.ts';
import type { Deployment, PodTemplate, ReplicaSet } from '../wire.ts';
import { hasPods, type Look, lookHeld } from './look.ts';
import { renumbered } from './revisionNumber.ts';

/**
 * Makes the change the Deployment's own template, then that of its live ReplicaSet. In between the controller (the
 * Deployment is paused) does nothing. Can be run again after a crash at any point: each step looks whether it is done.
 * The version before becomes native history when the workload is given back, see release.ts.
 * @throws WORKLOAD_CHANGED over somebody's change
 */
export async function commit(kube: Connection, request: CommitRequest): Promise<void> {
  const { from, to } = request;
  await retryConflicts(async () => {
    const look = await lookHeld(kube, request);
    const { deployment } = look;
    const live = requireLive(look, request);
    if (whichImages(deployment.spec.template, request) === 'to') return;
    requireEqual(deployment.spec.template, live.spec.template, request);
    await removeTwins(kube, look, live, to);
    await setTemplateImages(kube, deployment, request, to, request.cause);
  });
  await retryConflicts(async () => {
    const look = await lookHeld(kube, request);
    const { deployment, sets } = look;
    const live = requireLive(look, request);
    const expected = withImages(deployment.spec.template, from);
    if (live.spec.template && sameTemplate(live.spec.template, expected, [marks.serving])) {
      await setLiveImages(kube, live, to, renumbered(live, sets));
    } else requireEqual(deployment.spec.template, live.spec.template, request);
  });
}

/**
 * Sets images and change-cause of the Deployment whose template was judged as `seen`. Reads it once more right before:
 * its status and its scale change often, and only another template is a reason to stop.
 */
export async function setTemplateImages(
  kube: Connection,
  seen: Deployment,
  request: CommitRequest,
  images: Images,
  cause: string | null,
): Promise<void> {
  await retryConflicts(async () => {
    const { metadata, spec } = await kube.get(deployments, request.target);
    requireTemplate(spec.template, seen.spec.template, request.target);
    const { uid, resourceVersion } = metadata;
    const body = {
      metadata: { uid, resourceVersion, annotations: { [causeKey]: cause } },
      spec: { template: imagesPatch(images) },
    };
    if (uid === seen.metadata.uid) await kube.patch(deployments, request.target, body, { as: 'strategic' });
  });
}

/** Sets the images in the ReplicaSet's template, unless somebody changed the ReplicaSet since it was read. */
export async function setLiveImages(
  kube: Connection,
  live: ReplicaSet,
  images: Images,
  annotations: Readonly<Record<string, string | null>> = {},
): Promise<void> {
  const { namespace = '', name, resourceVersion } = live.metadata;
  await kube.patch(
    replicaSets,
    { namespace, name },
    { metadata: { resourceVersion, annotations }, spec: { template: imagesPatch(images) } },
    { as: 'strategic' },
  );
}

export function requireLive({ live }: Look, { target }: CommitRequest): ReplicaSet {
  if (live) return live;
  throw withoutLive(target);
}

export const withoutLive = (target: Target): SluiceError =>
  new SluiceError('WORKLOAD_CHANGED', `The ReplicaSet of ${workloadName(target)} was deleted in mid-release.`);

function requireEqual(template: PodTemplate, live: PodTemplate | undefined, { target }: CommitRequest): void {
  if (live === undefined) throw withoutLive(target);
  requireTemplate(template, live, target);
}

/**
 * An older history entry with the very template that we are about to set (a release back to an earlier version): the
 * controller would take it, being older, for the new one, and move every pod to it at the resume. A native rollout to
 * that version would have taken it out of the history too.
 */
async function removeTwins(kube: Connection, { deployment, sets }: Look, live: ReplicaSet, to: Images): Promise<void> {
  const wanted = withImages(deployment.spec.template, to);
  for (const set of sets) {
    const { namespace = '', name, uid } = set.metadata;
    if (name === live.metadata.name || !set.spec.template || !sameTemplate(set.spec.template, wanted)) continue;
    if (hasPods(set)) {
      throw new SluiceError('WORKLOAD_CHANGED', `replicaset/${name} has the new template already, and pods of it.`);
    }
    await kube.remove(replicaSets, { namespace, name }, { uid });
  }
}
