import type { Access, ObservedWorkload, Workload } from '../ports.ts';
import { acquire } from './deployment/acquire.ts';
import { bear } from './deployment/bear.ts';
import { labelBirths } from './deployment/births.ts';
import { commit } from './deployment/commit.ts';
import { requireUnchanged, takeOver } from './deployment/drift.ts';
import { type Look, lookAt } from './deployment/look.ts';
import { setName } from './deployment/ownSet.ts';
import { nursery, owner, preview } from './deployment/preview.ts';
import { release } from './deployment/release.ts';
import { revisions } from './deployment/revisions.ts';
import { moving } from './deployment/still.ts';
import { uncommit } from './deployment/uncommit.ts';
import { holderOf } from './holder.ts';
import { patchPods } from './patchPods.ts';
import { controllerOf, ownedBy } from './podState.ts';
import { replacePods } from './replacePods.ts';
import { recreationAccess } from './replicaSetBirths.ts';
import { seen } from './replicaSetPods.ts';
import { deployments } from './resources.ts';
import { byDeletionCost } from './scaling/deletionCost.ts';
import { selectorText } from './selectors.ts';
import { podHash } from './surplus.ts';
import { imagesPatch } from './templateChange.ts';
import { templateImages } from './templates.ts';
import type { WorkloadFactory } from './workloads.ts';

const access: readonly Access[] = [
  ...['get', 'list', 'patch'].map((verb) => ({ group: 'apps', resource: 'deployments', verb })),
  ...['get', 'list', 'create', 'patch', 'delete'].map((verb) => ({ group: 'apps', resource: 'replicasets', verb })),
];

/** Deployments, in place: paused while their pods change, then both templates set (design §5). */
export const createDeployment: WorkloadFactory = (kube, signal): Workload => ({
  kind: 'deployment',
  owner,
  access,
  async observe(target) {
    const look = await lookAt(kube, target);
    const unfit = () => (holderOf(look.deployment) === undefined ? moving(look, target) : undefined);
    return { ...observed(look), unfit };
  },
  owns: (target, pod) => {
    const set = controllerOf(pod);
    // Not by how the name begins: shop-worker-<hash> is of another Deployment, whose pods may well match our selector.
    return set?.kind === 'ReplicaSet' && set.name === setName(target.name, podHash(pod));
  },
  acquire: (request) => acquire(kube, request),
  requireUnchanged: async (held) => observed(await requireUnchanged(kube, held)),
  takeOver: (held) => takeOver(kube, held),
  release: (request) => release(kube, request),
  labelBirths: (request, labels) => labelBirths(kube, request, labels),
  seen: (held, own) => seen(kube, held, own),
  upgrade: (pods, change) => patchPods(kube, pods, change, { signal }),
  rehearse: (pods, change) => patchPods(kube, pods, change, { signal, dryRun: true }),
  async rehearseCommit(target, images) {
    await kube.patch(
      deployments,
      target,
      { spec: { template: imagesPatch(images) } },
      { as: 'strategic', dryRun: true },
    );
  },
  commit: (request) => commit(kube, request),
  uncommit: (request) => uncommit(kube, request),
  scaling: byDeletionCost(kube, deployments, signal),
  revisions: (target) => revisions(kube, target),
  recreation: {
    access: recreationAccess,
    preview: (target, source) => preview(kube, target, source),
    bear: (request) => bear(kube, request),
    replace: (request, pods) =>
      replacePods(request.pods, request, { kube, signal, pods, nursery: () => nursery(kube, request) }),
  },
});

function observed({ deployment, sets }: Look): ObservedWorkload {
  const { spec, metadata } = deployment;
  const holder = holderOf(deployment);
  return {
    uid: metadata.uid,
    replicas: spec.replicas ?? 1,
    paused: spec.paused ?? false,
    minReadySeconds: spec.minReadySeconds ?? 0,
    template: spec.template,
    revisionImages: sets.toReversed().flatMap((set) => (set.spec.template ? [templateImages(set.spec.template)] : [])),
    selector: selectorText(spec.selector),
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    ...(holder !== undefined && { holder }),
    ...ownedBy(deployment),
  };
}
