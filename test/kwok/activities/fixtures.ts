import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll } from 'vitest';
import { type Activities, createActivities } from '../../../activities/index.ts';
import { connect } from '../../../activities/kubernetes/connection.ts';
import { loadKubeConfig } from '../../../activities/kubernetes/kubeConfig.ts';
import { deployments, namespaces, pods, replicaSets } from '../../../activities/kubernetes/resources.ts';
import type { Connection } from '../../../activities/kubernetes/types.ts';
import type { Deployment, Pod, ReplicaSet } from '../../../activities/kubernetes/wire.ts';
import type { Factories } from '../../../activities/ports.ts';
import type { HandfulPod, HandfulRequest } from '../../../workflows/contract/activities/handful.ts';
import type { ClusterActivities } from '../../../workflows/contract/activities.ts';
import type { Target } from '../../../workflows/contract/names.ts';
import type { Images } from '../../../workflows/contract/observation.ts';

export const v1: Images = { app: 'registry.test/shop:v1' };
export const v2: Images = { app: 'registry.test/shop:v2' };

/** Waits until `look` answers something else than undefined, false or an error; the last error is thrown in the end. */
export async function eventually<T>(look: () => Promise<T | undefined | false>, timeoutMs = 90_000): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    let missed: unknown = new Error(`not so within ${timeoutMs} ms: ${look.toString()}`);
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      missed = error;
    }
    if (Date.now() > until) throw missed;
    await sleep(25);
  }
}

// Failures are asserted, not read.
const quiet = new DefaultLogger('ERROR');

/** Where an activity of a test runs, as in a worker; one that is cancelled stays so. `scheduledMs`: by Temporal's clock. */
export const environmentOf = (startToCloseTimeoutMs = 120_000, scheduledMs = Date.now()): MockActivityEnvironment =>
  new MockActivityEnvironment(
    { startToCloseTimeoutMs, currentAttemptScheduledTimestampMs: scheduledMs },
    { logger: quiet },
  );

type Input<N extends keyof ClusterActivities> = Parameters<ClusterActivities[N]>[0];
type Output<N extends keyof ClusterActivities> = Awaited<ReturnType<ClusterActivities[N]>>;
type ByName = { readonly [N in keyof ClusterActivities]: (this: void, input: Input<N>) => Promise<Output<N>> };

/** Runs one activity as a worker would; each call is an attempt of its own. */
export function attempt<N extends keyof ClusterActivities>(
  { activities }: Activities,
  name: N,
  input: Input<N>,
  environment = environmentOf(),
): Promise<Output<N>> {
  const byName: ByName = activities;
  return environment.run(byName[name], input);
}

const notHere = (): never => {
  throw new Error('this test has no such factory');
};

const noFactories: Factories = {
  createTraffic: notHere,
  createCheck: notHere,
  createNotifier: notHere,
  validateSpec: notHere,
  planRelease: notHere,
  validateScale: notHere,
  planScale: notHere,
  validateDrain: notHere,
  planDrain: notHere,
};

export interface World {
  readonly kube: Connection;
  readonly namespace: string;
  readonly close: () => Promise<void>;
}

/** A namespace of its own on that cluster; without `kubeconfig` on the one that KUBECONFIG names. */
export async function createWorld(kubeconfig?: string): Promise<World> {
  const kube = connect(loadKubeConfig({ kubeconfig }));
  const namespace = `t-${randomBytes(4).toString('hex')}`;
  await kube.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, {});
  return {
    kube,
    namespace,
    close: async () => {
      await kube.remove(namespaces, { name: namespace });
      await kube.close();
    },
  };
}

export interface AppOptions {
  readonly name?: string;
  readonly replicas?: number;
  readonly images?: Images;
  readonly resources?: object;
  readonly spec?: object;
  /** More of the pods' spec. */
  readonly podSpec?: object;
  readonly podAnnotations?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A Deployment whose pods are ready. */
export async function deploy({ kube, namespace }: World, options: AppOptions = {}): Promise<App> {
  const { name = 'shop', replicas = 3, images = v1, spec = {}, podAnnotations = {}, annotations = {} } = options;
  const { resources = {}, podSpec = {} } = options;
  const labels = { app: name };
  await kube.create(
    deployments,
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace, labels, annotations },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels, annotations: podAnnotations },
          spec: {
            terminationGracePeriodSeconds: 0,
            ...podSpec,
            containers: Object.entries(images).map(([container, image]) => ({ name: container, image, resources })),
          },
        },
        ...spec,
      },
    },
    { namespace },
  );
  const app = appOf(kube, { cluster: 'local', namespace, kind: 'deployment', name });
  await app.settled();
  return app;
}

export interface App {
  readonly target: Target;
  deployment(): Promise<Deployment>;
  pods(): Promise<readonly Pod[]>;
  sets(): Promise<readonly ReplicaSet[]>;
  /** What `kubectl rollout status` waits for. */
  settled(): Promise<Deployment>;
  /** What `kubectl rollout history` shows: `1: registry.test/shop:v1 (cause)`. */
  history(): Promise<readonly string[]>;
}

export function appOf(kube: Connection, target: Target): App {
  const { namespace, name } = target;
  const labelSelector = `app=${name}`;
  const deployment = () => kube.get(deployments, { namespace, name });
  const sets = async () => (await kube.list(replicaSets, { namespace, labelSelector })).items;
  return {
    target,
    deployment,
    sets,
    pods: async () => (await kube.list(pods, { namespace, labelSelector })).items,
    settled: () =>
      eventually(async () => {
        const found = await deployment();
        const { status, metadata, spec } = found;
        const wanted = spec.replicas ?? 1;
        const through =
          (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
          (status?.updatedReplicas ?? 0) === wanted &&
          (status?.replicas ?? 0) === wanted &&
          (status?.availableReplicas ?? 0) === wanted;
        return through && found;
      }),
    history: async () =>
      (await sets())
        .map(({ metadata, spec }) => {
          const revision = metadata.annotations?.['deployment.kubernetes.io/revision'];
          const cause = metadata.annotations?.['kubernetes.io/change-cause'];
          const images = spec.template?.spec?.containers.map(({ image }) => image).join(',');
          return `${revision}: ${images}${cause ? ` (${cause})` : ''}`;
        })
        .toSorted(),
  };
}

/** Name, UID, node and restarts of each pod: what must not change but for the restarts. */
export const identities = (list: readonly Pod[]) =>
  list.map(({ metadata, spec }) => `${metadata.name} ${metadata.uid} ${spec.nodeName}`).toSorted();

/** A handful of `list` for one stage, without traffic and checks. */
export function handful(
  target: Target,
  uid: string,
  holder: string,
  list: readonly Pod[],
  images: Images,
  more: Partial<HandfulRequest> & { readonly pod?: Partial<HandfulPod> } = {},
): HandfulRequest {
  const { pod = {}, ...rest } = more;
  const since = new Date().toISOString();
  return {
    target,
    uid,
    holder,
    batch: 'gray',
    images,
    traffic: { through: [], quietMs: 0, maxDrainMs: 0, onDrainTimeout: 'Stop' },
    checks: [],
    minReadyMs: 0,
    // Machines are busy; who waits for a failure says so.
    readyTimeoutMs: 200_000,
    undo: false,
    pods: list.map(({ metadata }) => ({ name: metadata.name, uid: metadata.uid, wasReady: true, since, ...pod })),
    ...rest,
  };
}

export const activitiesOf = (kube: Connection, factories: Partial<Factories> = {}) =>
  createActivities({ cluster: 'local', kube, factories: { ...noFactories, ...factories } });

/** A world of the test file's own with the activities of a worker on it; both end with the file. */
export async function ground(factories: Partial<Factories> = {}) {
  const world = await createWorld();
  const sluice = activitiesOf(world.kube, factories);
  afterAll(async () => {
    sluice.close();
    await world.close();
  });
  return { world, sluice };
}
