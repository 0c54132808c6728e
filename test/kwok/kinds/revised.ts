import { inject } from 'vitest';
import { templateOf } from '../../../activities/kubernetes/controllerRevisions.ts';
import {
  cloneSets,
  controllerRevisions,
  daemonSets,
  pods,
  type Resource,
  replicaSets,
  services,
  statefulSets,
} from '../../../activities/kubernetes/resources.ts';
import type { AnySet } from '../../../activities/kubernetes/sets/kind.ts';
import type {
  CloneSet,
  ControllerRevision,
  DaemonSet,
  Pod,
  PodTemplate,
  ReplicaSet,
  StatefulSet,
} from '../../../activities/kubernetes/wire.ts';
import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import type { Target } from '../../../workflows/contract/names.ts';
import type { Images } from '../../../workflows/contract/observation.ts';
import { onFirstNodes } from '../../support/worldKinds.ts';
import { eventually, v1, type World } from '../activities/fixtures.ts';

/** A kind of workload whose pods are born from its own template, for suites that hold for each of them. */
export interface RevisedKind<T extends Templated = AnySet> {
  readonly kind: string;
  readonly objectKind: string;
  readonly resource: Resource<T>;
  /** What is beside the template in its spec. */
  readonly spec: (replicas: number) => object;
  /** What is beside the containers in the spec of its pods. */
  readonly podSpec: (replicas: number) => object;
  /** Its controller has done all that it will do: `kubectl rollout status`, and more. */
  isSettled(workload: T, pods: readonly Pod[], revisions: readonly ControllerRevision[]): boolean;
}

export interface Templated extends Pick<AnySet, 'metadata'> {
  readonly spec: { readonly template?: PodTemplate };
}

const hash = 'controller-revision-hash';

export const statefulSetKind: RevisedKind<StatefulSet> = {
  kind: 'statefulset',
  objectKind: 'StatefulSet',
  resource: statefulSets,
  spec: (replicas) => ({ replicas, serviceName: 'peers' }),
  podSpec: () => ({}),
  isSettled: ({ metadata, spec, status }, list) =>
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    list.length === spec.replicas &&
    (status?.updatedReplicas ?? 0) === spec.replicas &&
    (status?.readyReplicas ?? 0) === spec.replicas &&
    (spec.updateStrategy?.type === 'OnDelete' || status?.currentRevision === status?.updateRevision) &&
    list.every((pod) => pod.metadata.labels?.[hash] === status?.updateRevision),
};

export const daemonSetKind: RevisedKind<DaemonSet> = {
  kind: 'daemonset',
  objectKind: 'DaemonSet',
  resource: daemonSets,
  spec: () => ({}),
  podSpec: (replicas) => ({ affinity: onFirstNodes(replicas) }),
  isSettled: ({ metadata, status }, list, revisions) =>
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    list.length === status?.desiredNumberScheduled &&
    status.updatedNumberScheduled === list.length &&
    status.numberReady === list.length &&
    list.every((pod) => pod.metadata.labels?.[hash] === revisions.at(-1)?.metadata.labels?.[hash]),
};

const cloneSetKind: RevisedKind<CloneSet> = {
  kind: 'cloneset',
  objectKind: 'CloneSet',
  resource: cloneSets,
  spec: (replicas) => ({ replicas }),
  podSpec: () => ({}),
  isSettled: ({ metadata, spec, status }, list) =>
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    list.length === spec.replicas &&
    status?.updatedReadyReplicas === spec.replicas &&
    status?.currentRevision === status?.updateRevision &&
    list.every(
      ({ metadata: { labels = {} } }) =>
        labels[hash] === status?.updateRevision && labels[hash]?.endsWith(`-${labels['pod-template-hash']}`),
    ),
};

/** It keeps no revisions. */
const replicaSetKind: RevisedKind<ReplicaSet> = {
  kind: 'replicaset',
  objectKind: 'ReplicaSet',
  resource: replicaSets,
  spec: (replicas) => ({ replicas }),
  podSpec: () => ({}),
  isSettled: ({ metadata, spec, status }, list) =>
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    list.length === spec.replicas &&
    status?.readyReplicas === spec.replicas &&
    status?.fullyLabeledReplicas === spec.replicas,
};

/** Those that keep their history in ControllerRevisions and whose controllers are there. */
export const revisedKinds: readonly RevisedKind[] = [
  statefulSetKind,
  daemonSetKind,
  ...(inject('kruise') ? [cloneSetKind] : []),
];

/** Besides, what keeps no revisions. */
export const bornKinds: readonly RevisedKind<Templated>[] = [...revisedKinds, replicaSetKind];

export interface RevisedOptions {
  readonly name: string;
  readonly replicas?: number;
  readonly images?: Images;
  /** Of its containers. */
  readonly resources?: object;
  readonly spec?: object;
}

export interface RevisedApp<T extends Templated = AnySet> {
  readonly target: Target;
  workload(): Promise<T>;
  pods(): Promise<readonly Pod[]>;
  revisions(): Promise<readonly ControllerRevision[]>;
  settled(): Promise<T>;
  /** What `kubectl rollout history` shows, oldest first: `1: registry.test/shop:v1 (cause)`. */
  history(): Promise<readonly string[]>;
  held(holder?: string): Promise<HeldRequest>;
  /** As `kubectl patch`. */
  patch(body: object): Promise<void>;
  /** As `kubectl rollout undo` does it: the template of that revision. */
  undo(revision: ControllerRevision): Promise<void>;
  kill(pod: string): Promise<void>;
  /** A Service `<name>` that has an endpoint for each pod. */
  serve(): Promise<void>;
}

/** A workload of that kind whose pods are ready, and whose change-cause is `first`. */
export async function deployRevised<T extends Templated>(
  { kube, namespace }: World,
  of: RevisedKind<T>,
  { name, replicas = 3, images = v1, resources = {}, spec = {} }: RevisedOptions,
): Promise<RevisedApp<T>> {
  const { kind, objectKind, resource, spec: own, podSpec } = of;
  const labels = { app: name };
  const at = { namespace, name };
  await kube.create(
    resource,
    {
      apiVersion: `${resource.group}/${resource.version}`,
      kind: objectKind,
      metadata: { name, namespace, labels, annotations: { 'kubernetes.io/change-cause': 'first' } },
      spec: {
        ...own(replicas),
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            ...podSpec(replicas),
            terminationGracePeriodSeconds: 0,
            // Characters that Go's JSON escapes and ours does not.
            containers: Object.entries(images).map(([container, image]) => ({
              name: container,
              image,
              resources,
              env: [{ name: 'ODD', value: 'a && b <c> "d" ü' }],
            })),
          },
        },
        ...spec,
      },
    },
    { namespace },
  );
  const workload = () => kube.get(resource, at);
  const list = async () => (await kube.list(pods, { namespace, labelSelector: `app=${name}` })).items;
  const revisions = async () => {
    const { uid } = (await workload()).metadata;
    const { items } = await kube.list(controllerRevisions, { namespace });
    return items
      .filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === uid)
      .toSorted((a, b) => a.revision - b.revision);
  };
  const app: RevisedApp<T> = {
    target: { cluster: 'local', namespace, kind, name },
    workload,
    pods: list,
    revisions,
    settled: () =>
      eventually(async () => {
        const found = await workload();
        return of.isSettled(found, await list(), await revisions()) && found;
      }),
    history: async () =>
      (await revisions()).map(({ revision, data, metadata }) => {
        const is = data?.spec?.template?.spec?.containers.map(({ image }) => image).join(',');
        const cause = metadata.annotations?.['kubernetes.io/change-cause'];
        return `${revision}: ${is}${cause ? ` (${cause})` : ''}`;
      }),
    held: async (holder = `release/local/${namespace}/${kind}/${name}|run-1`) => ({
      target: app.target,
      uid: (await workload()).metadata.uid,
      holder,
    }),
    // The API server knows no strategic merge of custom resources.
    patch: async (body) =>
      void (await kube.patch(resource, at, body, { as: resource.group === 'apps' ? 'strategic' : 'merge' })),
    undo: async (revision) => {
      const body = [{ op: 'replace', path: '/spec/template', value: templateOf(revision) }];
      await kube.patch(resource, at, body, { as: 'json' });
    },
    kill: (pod) => kube.remove(pods, { namespace, name: pod }),
    serve: async () => {
      const body = {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: at,
        spec: { selector: labels, ports: [{ port: 80 }] },
      };
      await kube.create(services, body, { namespace });
    },
  };
  await app.settled();
  return app;
}
