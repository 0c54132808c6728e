import type { Access, ObservedWorkload, Workload } from '../../ports.ts';
import { nativeRevisions, templateOf } from '../controllerRevisions.ts';
import { holderOf } from '../holder.ts';
import { patchPods } from '../patchPods.ts';
import { controllerOf, ownedBy } from '../podState.ts';
import type { Location } from '../resources.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { selectorText } from '../selectors.ts';
import { templateImages, withImages } from '../templates.ts';
import type { WorkloadFactory } from '../workloads.ts';
import { acquire } from './acquire.ts';
import { labelBirths } from './births.ts';
import { commit, uncommit } from './commit.ts';
import { requireUnchanged, takeOver } from './drift.ts';
import { ownerOf, type SetKind } from './kind.ts';
import { type Look, lookAt } from './look.ts';
import { seen } from './pods.ts';
import { recreationOf } from './recreation.ts';
import { release } from './release.ts';
import { rewrite } from './rewrite.ts';
import { unfitness } from './unfitness.ts';
import { witnessAccess, witnessed } from './witness.ts';

const accessTo = ({ group, name }: Location): readonly Access[] => [
  ...['get', 'list', 'patch'].map((verb) => ({ group, resource: name, verb })),
  ...['list', 'patch', 'delete'].map((verb) => ({ group: 'apps', resource: 'controllerrevisions', verb })),
];

/** Sets of pods: their controllers stand still while pods change, then the template, then the pods' revision (design §5). */
export const createSet =
  (kind: SetKind): WorkloadFactory =>
  (kube, signal): Workload => ({
    kind: kind.name,
    owner: ownerOf(kind),
    access: [...accessTo(kind.resource), ...(kind.elsewhere ? witnessAccess : [])],
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
    ...(kind.ordinal && { ordinal: kind.ordinal }),
    ...(kind.scaling && { scaling: kind.scaling(kube, signal) }),
    acquire: (request) => acquire(kube, kind, request),
    requireUnchanged: async (held) => observed(kind, await requireUnchanged(kube, kind, held)),
    takeOver: (held) => takeOver(kube, kind, held),
    release: (request) => release(kube, kind, request, signal),
    labelBirths: (request, labels) => labelBirths(kube, kind, request, labels),
    seen: (held, own) => (kind.elsewhere ? witnessed : seen)(kube, kind, held, own),
    upgrade: (pods, change) => patchPods(kube, pods, change, { signal }),
    rehearse: (pods, change) => patchPods(kube, pods, change, { signal, dryRun: true }),
    rehearseCommit: (target, images) =>
      retryConflicts(async () => {
        const { set } = await lookAt(kube, kind, target);
        await rewrite(kube, kind, set, { spec: { template: withImages(set.spec.template, images) } }, { dryRun: true });
      }),
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
    ...ownedBy(set),
  };
}
