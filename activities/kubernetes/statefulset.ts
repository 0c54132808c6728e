import type { Access, ObservedWorkload, Workload } from '../ports.ts';
import { nativeRevisions, templateOf } from './controllerRevisions.ts';
import { holderOf } from './holder.ts';
import { patchPods } from './patchPods.ts';
import { controllerOf } from './podState.ts';
import { statefulSets } from './resources.ts';
import { byOrdinal } from './scaling/ordinals.ts';
import { selectorText } from './selectors.ts';
import { acquire, partitioned } from './statefulset/acquire.ts';
import { labelBirths } from './statefulset/births.ts';
import { commit, uncommit } from './statefulset/commit.ts';
import { requireUnchanged, takeOver } from './statefulset/drift.ts';
import { type Look, lookAt } from './statefulset/look.ts';
import { seen } from './statefulset/pods.ts';
import { release } from './statefulset/release.ts';
import { imagesPatch } from './templateChange.ts';
import { templateImages } from './templates.ts';
import type { Pod } from './wire.ts';
import type { WorkloadFactory } from './workloads.ts';

const access: readonly Access[] = [
  ...['get', 'list', 'patch'].map((verb) => ({ group: 'apps', resource: 'statefulsets', verb })),
  ...['list', 'patch', 'delete'].map((verb) => ({ group: 'apps', resource: 'controllerrevisions', verb })),
];

const ordinal = ({ metadata }: Pod): number => Number(/-(\d+)$/.exec(metadata.name)?.[1]);

/** StatefulSets, in place: OnDelete while their pods change, then the template, then the pods' revision (design §5). */
export const createStatefulSet: WorkloadFactory = (kube, signal): Workload => ({
  kind: 'statefulset',
  owner: { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  access,
  observe: async (target) => {
    const look = await lookAt(kube, target);
    const unfit = partitioned(look.set, target);
    return { ...observed(look), ...(unfit && { unfit }) };
  },
  owns: (target, pod) => {
    const owner = controllerOf(pod);
    return owner?.kind === 'StatefulSet' && owner.name === target.name;
  },
  ordinal,
  acquire: (request) => acquire(kube, request),
  requireUnchanged: async (held) => observed(await requireUnchanged(kube, held)),
  takeOver: (held) => takeOver(kube, held),
  release: (request) => release(kube, request, signal),
  labelBirths: (request, labels) => labelBirths(kube, request, labels),
  seen: (held, own) => seen(kube, held, own),
  upgrade: (pods, change) => patchPods(kube, pods, change, { signal }),
  rehearse: (pods, change) => patchPods(kube, pods, change, { signal, dryRun: true }),
  async rehearseCommit(target, images) {
    const body = { spec: { template: imagesPatch(images) } };
    await kube.patch(statefulSets, target, body, { as: 'strategic', dryRun: true });
  },
  commit: (request) => commit(kube, request),
  uncommit: (request) => uncommit(kube, request),
  scaling: byOrdinal(kube, statefulSets, ordinal),
  async revisions(target) {
    const { set, revisions } = await lookAt(kube, target);
    return { uid: set.metadata.uid, revisions: nativeRevisions(set, revisions) };
  },
});

function observed({ set, revisions }: Look): ObservedWorkload {
  const { spec, metadata } = set;
  const holder = holderOf(set);
  return {
    uid: metadata.uid,
    replicas: spec.replicas ?? 1,
    paused: false,
    minReadySeconds: spec.minReadySeconds ?? 0,
    template: spec.template,
    revisionImages: revisions.toReversed().map((revision) => templateImages(templateOf(revision))),
    selector: selectorText(spec.selector),
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    ...(holder !== undefined && { holder }),
  };
}
