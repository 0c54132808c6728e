import { SluiceError } from '../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../workflows/contract/names.ts';
import type { Access, ObservedWorkload, Workload } from '../ports.ts';
import { holderOf } from './holder.ts';
import { patchPods } from './patchPods.ts';
import { controllerOf } from './podState.ts';
import { seen } from './replicaSetPods.ts';
import { commit, uncommit } from './replicaset/commit.ts';
import { requireUnchanged, takeOver } from './replicaset/drift.ts';
import { acquire, labelBirths, release } from './replicaset/hold.ts';
import { lookAt } from './replicaset/look.ts';
import { owner, recreationOf } from './replicaset/recreation.ts';
import { replicaSets } from './resources.ts';
import { byDeletionCost } from './scaling/deletionCost.ts';
import { selectorText } from './selectors.ts';
import { imagesPatch } from './templateChange.ts';
import { templateImages } from './templates.ts';
import type { ReplicaSet } from './wire.ts';
import type { WorkloadFactory } from './workloads.ts';

const access: readonly Access[] = ['get', 'list', 'patch'].map((verb) => ({
  group: 'apps',
  resource: 'replicasets',
  verb,
}));

/** ReplicaSets of nobody: their controller never changes a pod that lives, so a hold is a mark and nothing else. */
export const createReplicaSet: WorkloadFactory = (kube, signal): Workload => ({
  kind: 'replicaset',
  owner,
  access,
  observe: async (target) => {
    const set = await lookAt(kube, target);
    return { ...observed(set), unfit: () => owned(set, target) };
  },
  owns: (target, pod) => {
    const { kind, name } = controllerOf(pod) ?? {};
    return kind === owner.kind && name === target.name;
  },
  acquire: (request) => acquire(kube, request),
  requireUnchanged: async (held) => observed(await requireUnchanged(kube, held)),
  takeOver: (held) => takeOver(kube, held),
  release: (held) => release(kube, held),
  labelBirths: (held, labels) => labelBirths(kube, held, labels),
  seen: (held, own) => seen(kube, held, own),
  upgrade: (pods, change) => patchPods(kube, pods, change, { signal }),
  rehearse: (pods, change) => patchPods(kube, pods, change, { signal, dryRun: true }),
  async rehearseCommit(target, images) {
    const body = { spec: { template: imagesPatch(images) } };
    await kube.patch(replicaSets, target, body, { as: 'strategic', dryRun: true });
  },
  commit: (request) => commit(kube, request),
  uncommit: (request) => uncommit(kube, request),
  scaling: byDeletionCost(kube, replicaSets, signal),
  recreation: recreationOf(kube, signal),
  async revisions(target) {
    const { metadata } = await lookAt(kube, target);
    return { uid: metadata.uid, revisions: [] };
  },
});

/** Why one that belongs to somebody cannot be released: whoever owns it would set its template again. */
function owned(set: ReplicaSet, target: Target): SluiceError | undefined {
  const boss = controllerOf(set);
  if (boss === undefined) return undefined;
  const name = `${boss.kind.toLowerCase()}/${boss.name}`;
  return new SluiceError('WORKLOAD_UNFIT', `${workloadName(target)} belongs to ${name}.`, { next: `Release ${name}.` });
}

function observed({ spec, metadata }: ReplicaSet): ObservedWorkload {
  const holder = holderOf({ metadata });
  const template = spec.template ?? {};
  return {
    uid: metadata.uid,
    replicas: spec.replicas ?? 1,
    paused: false,
    minReadySeconds: spec.minReadySeconds ?? 0,
    template,
    revisionImages: [templateImages(template)],
    selector: selectorText(spec.selector),
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    ...(holder !== undefined && { holder }),
  };
}
