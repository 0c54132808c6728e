import type { CommitRequest, HeldRequest } from '../../workflows/contract/activities/hold.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { marks, type Target, workloadName } from '../../workflows/contract/names.ts';
import type { Images } from '../../workflows/contract/observation.ts';
import type { Access, ObservedWorkload, Workload } from '../ports.ts';
import {
  claimOf,
  holderOf,
  holdMarks,
  noMarks,
  readBefore,
  requireHolder,
  requireNobodyElse,
  requireThere,
} from './holder.ts';
import { patchPods } from './patchPods.ts';
import { controllerOf, hasLabels } from './podState.ts';
import { seen } from './replicaSetPods.ts';
import { replicaSets } from './resources.ts';
import { retryConflicts } from './retryConflicts.ts';
import { byDeletionCost } from './scaling/deletionCost.ts';
import { selectorText } from './selectors.ts';
import { causeKey, imagesPatch, requireImages, requireTemplate, whichImages } from './templateChange.ts';
import { templateImages, withImages } from './templates.ts';
import type { Connection } from './types.ts';
import type { PodTemplate, ReplicaSet } from './wire.ts';
import { workloadNotFound } from './workloadNotFound.ts';
import type { WorkloadFactory } from './workloads.ts';

const access: readonly Access[] = ['get', 'list', 'patch'].map((verb) => ({
  group: 'apps',
  resource: 'replicasets',
  verb,
}));

/** What a ReplicaSet was before it was acquired (marks.before). */
interface Trail {
  readonly template: PodTemplate;
  /** Its change-cause; null where it had none. */
  readonly cause: string | null;
  /** The new images, from the commit on. */
  readonly to?: Images;
}

/** ReplicaSets of nobody: their controller never changes a pod that lives, so a hold is a mark and nothing else. */
export const createReplicaSet: WorkloadFactory = (kube, signal): Workload => ({
  kind: 'replicaset',
  owner: { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  access,
  observe: async (target) => {
    const set = await lookAt(kube, target);
    return { ...observed(set), unfit: () => owned(set, target) };
  },
  owns: (target, pod) => {
    const owner = controllerOf(pod);
    return owner?.kind === 'ReplicaSet' && owner.name === target.name;
  },
  acquire: (request) =>
    retryConflicts(async () => {
      const set = await there(kube, request);
      const claim = claimOf(set, request);
      const found = claim === 'free' ? undefined : readTrail(set);
      if (claim === 'own' && found) return { before: { paused: false } };
      requireImages(set.spec.template ?? {}, request.from, request.target);
      const cause = set.metadata.annotations?.[causeKey] ?? null;
      // What a terminated release had committed is what is released from now.
      const trail = found && !found.to ? found : { template: set.spec.template ?? {}, cause };
      await write(kube, set, { annotations: holdMarks(request.holder, trail) });
      return { before: { paused: false } };
    }),
  requireUnchanged: async (held) => {
    return observed((await lookOwn(kube, held)).set);
  },
  takeOver: (held) =>
    retryConflicts(async () => {
      const set = await there(kube, held);
      requireNobodyElse(set, held);
      const { resourceVersion, annotations } = set.metadata;
      const { to: _, ...trail } = readTrail(set) ?? { template: set.spec.template ?? {}, cause: null };
      const labels = { ...trail.template.metadata?.labels, ...serving(set) };
      const template = { ...trail.template, metadata: { ...trail.template.metadata, labels } };
      const marked = { ...annotations, ...holdMarks(held.holder, trail) };
      await kube.patch(
        replicaSets,
        held.target,
        [
          { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
          { op: 'add', path: '/metadata/annotations', value: marked },
          { op: 'replace', path: '/spec/template', value: template },
        ],
        { as: 'json' },
      );
    }),
  release: (held) =>
    retryConflicts(async () => {
      const set = await again(kube, held);
      if (set && holderOf(set) === held.holder) await write(kube, set, { annotations: noMarks });
    }),
  async labelBirths(held, labels) {
    const adds = Object.values(labels).some((value) => value !== null);
    await retryConflicts(async () => {
      const set = adds ? await there(kube, held) : await again(kube, held);
      if (!set || hasLabels(set.spec.template?.metadata?.labels, labels)) return;
      if (adds) requireHolder(set, held);
      await write(kube, set, {}, { metadata: { labels } });
    });
    return {};
  },
  seen: (held, own) => seen(kube, held, own),
  upgrade: (pods, change) => patchPods(kube, pods, change, { signal }),
  rehearse: (pods, change) => patchPods(kube, pods, change, { signal, dryRun: true }),
  async rehearseCommit(target, images) {
    const body = { spec: { template: imagesPatch(images) } };
    await kube.patch(replicaSets, target, body, { as: 'strategic', dryRun: true });
  },
  commit: (request) =>
    retryConflicts(async () => {
      const { set, trail } = await lookOwn(kube, request);
      await setImages(kube, set, request, 'to', trail && { ...trail, to: request.to }, request.cause);
    }),
  uncommit: (request) =>
    retryConflicts(async () => {
      const set = await again(kube, request);
      const holder = set && holderOf(set);
      if (!set || (holder !== undefined && holder !== request.holder)) return;
      const { to: _, ...trail } = readTrail(set) ?? {
        template: withImages(set.spec.template ?? {}, request.from),
        cause: null,
      };
      await setImages(kube, set, request, 'from', trail, trail.cause);
    }),
  scaling: byDeletionCost(kube, replicaSets, signal),
  async revisions(target) {
    const { metadata } = await lookAt(kube, target);
    return { uid: metadata.uid, revisions: [] };
  },
});

/** Why one that belongs to somebody cannot be released: whoever owns it would set its template again. */
function owned(set: ReplicaSet, target: Target): SluiceError | undefined {
  const owner = controllerOf(set);
  if (owner === undefined) return undefined;
  const name = `${owner.kind.toLowerCase()}/${owner.name}`;
  return new SluiceError('WORKLOAD_UNFIT', `${workloadName(target)} belongs to ${name}.`, { next: `Release ${name}.` });
}

/** Reads it. @throws WORKLOAD_NOT_FOUND or NAMESPACE_NOT_FOUND with what there is */
async function lookAt(kube: Connection, target: Target): Promise<ReplicaSet> {
  const set = await kube.find(replicaSets, target);
  if (set) return set;
  throw await workloadNotFound(kube, replicaSets, target);
}

async function again(kube: Connection, { target, uid }: HeldRequest): Promise<ReplicaSet | undefined> {
  const set = await kube.find(replicaSets, target);
  return set?.metadata.uid === uid ? set : undefined;
}

const there = async (kube: Connection, held: HeldRequest): Promise<ReplicaSet> =>
  requireThere(await again(kube, held), held);

/** @throws WORKLOAD_NOT_FOUND; WORKLOAD_CHANGED unless it is held, with the template that the release has left in it */
async function lookOwn(kube: Connection, held: HeldRequest) {
  const set = await there(kube, held);
  requireHolder(set, held);
  const trail = readTrail(set);
  if (trail) requireTemplate(set.spec.template ?? {}, withImages(trail.template, trail.to ?? {}), held.target);
  return { set, trail };
}

/** One write that fails if anything else changed it meanwhile. */
async function write(
  kube: Connection,
  { metadata: { namespace = '', name, resourceVersion } }: ReplicaSet,
  metadata: object,
  template?: object,
): Promise<void> {
  const body = { metadata: { resourceVersion, ...metadata }, ...(template && { spec: { template } }) };
  await kube.patch(replicaSets, { namespace, name }, body, { as: 'strategic' });
}

/** Images, trail and change-cause in one write; nothing where the template is on that side already. */
async function setImages(
  kube: Connection,
  set: ReplicaSet,
  request: CommitRequest,
  side: 'from' | 'to',
  trail: Trail | undefined,
  cause: string | null,
): Promise<void> {
  if (whichImages(set.spec.template ?? {}, request) === side) return;
  const annotations = { ...(trail && holdMarks(request.holder, trail)), [causeKey]: cause };
  await write(kube, set, { annotations }, imagesPatch(request[side], set.spec.template));
}

/** Our label of an open way out of traffic: pods that are born while it is open need it. */
function serving({ spec }: ReplicaSet): Readonly<Record<string, string>> {
  const value = spec.template?.metadata?.labels?.[marks.serving];
  return value === undefined ? {} : { [marks.serving]: value };
}

function readTrail(set: ReplicaSet): Trail | undefined {
  const value = readBefore(set);
  return typeof value === 'object' && value !== null && 'template' in value && 'cause' in value
    ? (value as Trail)
    : undefined;
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
