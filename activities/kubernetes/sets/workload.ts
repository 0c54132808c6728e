import type { Access, ObservedWorkload, Workload } from '../../ports.ts';
import { nativeRevisions, templateOf } from '../controllerRevisions.ts';
import { holderOf } from '../holder.ts';
import { patchPods } from '../patchPods.ts';
import { controllerOf } from '../podState.ts';
import { byOrdinal } from '../scaling/ordinals.ts';
import { selectorText } from '../selectors.ts';
import { imagesPatch } from '../templateChange.ts';
import { templateImages } from '../templates.ts';
import type { WorkloadFactory } from '../workloads.ts';
import { acquire } from './acquire.ts';
import { labelBirths } from './births.ts';
import { commit, uncommit } from './commit.ts';
import { requireUnchanged, takeOver } from './drift.ts';
import type { SetKind } from './kind.ts';
import { type Look, lookAt } from './look.ts';
import { seen } from './pods.ts';
import { recreationOf } from './recreation.ts';
import { release } from './release.ts';
import { unfitness } from './unfitness.ts';

const accessTo = (resource: string): readonly Access[] => [
  ...['get', 'list', 'patch'].map((verb) => ({ group: 'apps', resource, verb })),
  ...['list', 'patch', 'delete'].map((verb) => ({ group: 'apps', resource: 'controllerrevisions', verb })),
];

/** StatefulSets or DaemonSets: OnDelete while their pods change, then the template, then the pods' revision (design §5). */
export const createSet =
  (kind: SetKind): WorkloadFactory =>
  (kube, signal): Workload => ({
    kind: kind.name,
    owner: { apiVersion: 'apps/v1', kind: kind.owner },
    access: accessTo(kind.resource.name),
    observe: async (target) => {
      const look = await lookAt(kube, kind, target);
      const unfit = () =>
        holderOf(look.set) === undefined ? unfitness(kube, kind, look, target) : kind.unfit?.(look.set, target);
      return { ...observed(kind, look), unfit };
    },
    owns: (target, pod) => {
      const owner = controllerOf(pod);
      return owner?.kind === kind.owner && owner.name === target.name;
    },
    ...(kind.ordinal && { ordinal: kind.ordinal, scaling: byOrdinal(kube, kind.resource, kind.ordinal) }),
    acquire: (request) => acquire(kube, kind, request),
    requireUnchanged: async (held) => observed(kind, await requireUnchanged(kube, kind, held)),
    takeOver: (held) => takeOver(kube, kind, held),
    release: (request) => release(kube, kind, request, signal),
    labelBirths: (request, labels) => labelBirths(kube, kind, request, labels),
    seen: (held, own) => seen(kube, kind, held, own),
    upgrade: (pods, change) => patchPods(kube, pods, change, { signal }),
    rehearse: (pods, change) => patchPods(kube, pods, change, { signal, dryRun: true }),
    async rehearseCommit(target, images) {
      const body = { spec: { template: imagesPatch(images) } };
      await kube.patch(kind.resource, target, body, { as: 'strategic', dryRun: true });
    },
    recreation: recreationOf(kube, kind, signal),
    commit: (request) => commit(kube, kind, request),
    uncommit: (request) => uncommit(kube, kind, request),
    async revisions(target) {
      const { set, revisions } = await lookAt(kube, kind, target);
      return { uid: set.metadata.uid, revisions: nativeRevisions(set, revisions) };
    },
  });

function observed(kind: SetKind, { set, revisions }: Look): ObservedWorkload {
  const { spec, metadata } = set;
  const holder = holderOf(set);
  return {
    uid: metadata.uid,
    replicas: kind.replicas(set),
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
