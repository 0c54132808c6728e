import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from '../../../activities/handful.ts';
import type { Resource } from '../../../activities/kubernetes/resources.ts';
import { endpointSlices, pods, replicaSets, services } from '../../../activities/kubernetes/resources.ts';
import type { At, Connection, Where } from '../../../activities/kubernetes/types.ts';
import type { Service } from '../../../activities/kubernetes/wire.ts';
import { endpointsOf } from '../../../activities/traffic/endpointView.ts';
import { createTraffic } from '../../../activities/traffic/index.ts';
import type { Handful, HandfulRequest } from '../../../workflows/contract/activities/handful.ts';
import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import type { ClusterActivities } from '../../../workflows/contract/activities.ts';
import type { PodRef } from '../../../workflows/contract/plan.ts';
import type { TrafficSource } from '../../../workflows/contract/spec.ts';
import { type App, activitiesOf, environmentOf, eventually, handful, v2, type World } from '../activities/fixtures.ts';

type Used = Pick<
  ClusterActivities,
  'acquire' | 'openTraffic' | 'closeTraffic' | 'prepare' | 'drain' | 'silence' | 'restore' | 'warm'
>;
type ByName = { readonly [N in keyof Used]: (input: Parameters<Used[N]>[0]) => ReturnType<Used[N]> };

/** Runs one activity as a worker with this connection would; each call is an attempt of its own. */
export function workerOn(kube: Connection): ByName {
  const { activities } = activitiesOf(kube, { createTraffic });
  const within =
    <I, O>(activity: (input: I) => Promise<O>): ((input: I) => Promise<O>) =>
    (input) =>
      environmentOf().run(activity, input);
  return {
    acquire: within((input) => activities.acquire(input)),
    openTraffic: within((input) => activities.openTraffic(input)),
    closeTraffic: within((input) => activities.closeTraffic(input)),
    prepare: within((input) => activities.prepare(input)),
    drain: within((input) => activities.drain(input)),
    silence: within((input) => activities.silence(input)),
    restore: within((input) => activities.restore(input)),
    warm: within((input) => activities.warm(input)),
  };
}

/** A Service for the pods of `app`, with an endpoint for each of them. */
export async function serve(world: World, app: App, name: string, spec: object = {}): Promise<void> {
  const { kube, namespace } = world;
  const body = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector: { app: app.target.name }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
  };
  await kube.create(services, body, { namespace });
  const { spec: wanted } = await app.deployment();
  await eventually(async () => (await readyIn(world, name)).size === wanted.replicas);
}

/** UIDs of the pods that the Service sends callers to. */
export async function readyIn({ kube, namespace }: World, name: string): Promise<ReadonlySet<string>> {
  const { items } = await kube.list(endpointSlices, { namespace, labelSelector: `kubernetes.io/service-name=${name}` });
  const all = endpointsOf(items).pods;
  return new Set([...all].filter(([, { ready }]) => ready).map(([uid]) => uid));
}

export const service = ({ kube, namespace }: World, name: string): Promise<Service> =>
  kube.get(services, { namespace, name });

type More = Partial<Omit<HandfulRequest, 'traffic'>> & {
  readonly since?: string;
  /** Of each pod. */
  readonly share?: number;
  readonly traffic?: Partial<HandfulRequest['traffic']>;
};

export interface Release {
  readonly held: HeldRequest;
  readonly open: () => Promise<void>;
  readonly close: () => Promise<void>;
  readonly stage: (
    stage: 'drain' | 'silence' | 'restore' | 'warm',
    list: readonly PodRef[],
    more?: More,
  ) => Promise<Handful>;
  /** Drains, and sees those that are drained out and silent. */
  readonly out: (list: readonly PodRef[], more?: More) => Promise<Handful>;
  /** Reads how the pods stand, once: what the workflow would keep. */
  readonly prepare: (list: readonly PodRef[]) => Promise<void>;
  /** Another pod was born in the place of one: the workflow goes on with what it kept of that. */
  readonly became: (from: PodRef, to: PodRef) => void;
}

/** A release that holds `app`, as the workflow would drive it. */
export async function releaseOf(
  { kube }: { readonly kube: Connection },
  app: App,
  through: readonly TrafficSource[],
  holder = 'release/local/shop|run-1',
): Promise<Release> {
  const worker = workerOn(kube);
  const deployment = await app.deployment();
  const held = { target: app.target, uid: deployment.metadata.uid, holder };
  await worker.acquire({ ...held, from: {} });
  const snapshots = new Map<string, readonly unknown[]>();
  const stage: Release['stage'] = async (name, list, given = {}) => {
    const { since = new Date().toISOString(), share, traffic, ...more } = given;
    const rules = { through, quietMs: 0, maxDrainMs: 60_000, onDrainTimeout: 'Stop' as const, ...traffic };
    const live = new Map((await app.pods()).map((pod) => [pod.metadata.name, pod]));
    const found = list.flatMap((pod) => live.get(pod.name) ?? []);
    const request = handful(app.target, held.uid, holder, found, v2, { ...more, traffic: rules });
    const withBefore = request.pods.map((pod) => {
      const before = snapshots.get(pod.name);
      return { ...pod, since, ...(share !== undefined && { share }), ...(before && { traffic: before }) };
    });
    return worker[name]({ ...request, pods: withBefore });
  };
  return {
    held,
    open: () => worker.openTraffic({ ...held, through }),
    close: () => worker.closeTraffic({ ...held, through }),
    async prepare(list) {
      const prepared = await worker.prepare({ ...held, through, pods: list });
      for (const { name, traffic } of prepared.pods) snapshots.set(name, traffic);
    },
    became: (from, to) => void snapshots.set(to.name, snapshots.get(from.name) ?? []),
    stage,
    async out(list, more) {
      const drained = await stage('drain', list, more);
      const silent = await stage(
        'silence',
        list.filter(({ name }) => drained.done.includes(name)),
        more,
      );
      const { notes = [], ...answer } = join({ ...drained, done: [] }, silent);
      // On kwok nobody can look; and the same is not told twice.
      const told = notes.filter(({ text }) => !text.startsWith('Silence could not be proven'));
      return { ...answer, notes: [...new Map(told.map((note) => [note.text, note])).values()] };
    },
  };
}

export const refs = async (app: App): Promise<readonly PodRef[]> =>
  (await app.pods())
    .map(({ metadata: { name, uid } }) => ({ name, uid }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** Everything of ours that is left in the namespace, as `name: key`. EndpointSlices follow their Service by themselves. */
export async function leftovers({ kube, namespace }: World): Promise<readonly string[]> {
  const lists = await Promise.all([
    kube.list(services, { namespace }),
    kube.list(replicaSets, { namespace }),
    kube.list(pods, { namespace }),
  ]);
  return lists.flatMap(({ items }) =>
    items.flatMap((item) => {
      const text = JSON.stringify(item, (key, value: unknown) => (key === 'managedFields' ? undefined : value));
      const found = text.match(/sluice\.dev\/(serving|drained)/g) ?? [];
      return found.map((key) => `${item.metadata.name}: ${key}`);
    }),
  );
}

/** A connection of a worker that dies at its `at`-th write: just before it, or just after. */
export function dying(
  kube: Connection,
  at: number,
  when: 'before' | 'after',
): Connection & { readonly died: () => boolean } {
  let writes = 0;
  const die = (): never => {
    throw new Error('the worker died');
  };
  const wrap = (inner: Connection): Connection => ({
    ...inner,
    with: (signal) => wrap(inner.with(signal)),
    async patch(resource, where, body, options) {
      if (options.dryRun) return inner.patch(resource, where, body, options);
      writes += 1;
      if (writes > at || (writes === at && when === 'before')) die();
      const answer = await inner.patch(resource, where, body, options);
      return writes >= at ? die() : answer;
    },
  });
  return { ...wrap(kube), died: () => writes >= at };
}

/** A connection on which something happens just before the first write to a pod that counts. */
export function interrupted(
  kube: Connection,
  chosen: (resource: string) => boolean,
  happen: () => Promise<void>,
): Connection {
  let happened = false;
  const wrap = (inner: Connection): Connection => ({
    ...inner,
    with: (signal) => wrap(inner.with(signal)),
    async patch(resource, where, body, options) {
      if (!happened && !options.dryRun && chosen(resource.name)) {
        happened = true;
        await happen();
      }
      return inner.patch(resource, where, body, options);
    },
  });
  return wrap(kube);
}

/**
 * A connection of a worker that does not hear what the controllers have done, until `goOn`. They have seen every ReplicaSet, and
 * `counts` says how many of its pods with our label: they hear of pods by another watch, which is behind.
 */
export function stalled(
  kube: Connection,
  counts: 'no pod' | 'all pods' = 'no pod',
): Connection & { readonly goOn: () => void } {
  const going = new AbortController();
  const { signal: moves } = going;
  const wrap = (inner: Connection): Connection => ({
    ...inner,
    with: (signal) => wrap(inner.with(signal)),
    async find<T>(resource: Resource<T>, at: At) {
      if (moves.aborted || resource.name !== 'replicasets') return inner.find(resource, at);
      const found = await inner.find(resource, at);
      const set = await inner.find(replicaSets, at);
      const fullyLabeledReplicas = counts === 'all pods' ? (set?.spec.replicas ?? 0) : 0;
      const status = { observedGeneration: set?.metadata.generation ?? 0, fullyLabeledReplicas };
      return found === undefined ? found : { ...found, status };
    },
    async list<T>(resource: Resource<T>, where: Where) {
      const found = await inner.list(resource, where);
      if (moves.aborted || resource.name !== 'endpointslices') return found;
      const older = JSON.stringify(found.items).replaceAll('"closing"', '"true"');
      return { ...found, items: JSON.parse(older) as readonly T[] };
    },
    async *watch(resource, where, version) {
      if (moves.aborted || resource.name !== 'endpointslices') yield* inner.watch(resource, where, version);
      // Then it breaks, and begins with a new list.
      else await once(moves, 'abort').then(() => Promise.reject(new Error('the watch broke')));
    },
  });
  // The shared watches of a worker hang on its configuration: this is another worker.
  return { ...wrap(kube), config: Object.create(kube.config), goOn: () => going.abort() };
}

/** Watches a Service until `stop`, which tells the fewest ready endpoints that it ever had. */
export async function fewestReady(world: World, name: string): Promise<{ readonly stop: () => Promise<number> }> {
  const ended = new AbortController();
  const kube = world.kube.with(ended.signal);
  const where = { namespace: world.namespace, labelSelector: `kubernetes.io/service-name=${name}` };
  const { items, resourceVersion } = await kube.list(endpointSlices, where);
  const slices = new Map(items.map((slice) => [slice.metadata.name, slice]));
  let fewest = endpointsOf(slices.values()).ready;
  const watching = (async () => {
    for await (const event of kube.watch(endpointSlices, where, resourceVersion)) {
      if (event.type === 'BOOKMARK') continue;
      if (event.type === 'DELETED') slices.delete(event.object.metadata.name);
      else slices.set(event.object.metadata.name, event.object);
      fewest = Math.min(fewest, endpointsOf(slices.values()).ready);
    }
  })().catch(() => undefined);
  return {
    stop: async () => {
      // The last event may be on its way: whatever was written before now is heard by then.
      const { resourceVersion: now } = await world.kube.list(endpointSlices, where);
      await sleep(Number(now) > 0 ? 200 : 0);
      ended.abort();
      await watching;
      return fewest;
    },
  };
}
