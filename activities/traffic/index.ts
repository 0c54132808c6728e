import type { KubeConfig } from '@kubernetes/client-node';
import type { Handful } from '../../workflows/contract/activities/handful.ts';
import type { TrafficSnapshot } from '../../workflows/contract/activities/survey.ts';
import type { RegistryFinding } from '../../workflows/contract/observation.ts';
import type { RegistrySource } from '../../workflows/contract/registries.schema.ts';
import type { TrafficSource } from '../../workflows/contract/spec.ts';
import type { Standing } from '../../workflows/contract/trafficLook.ts';
import { emptyHandful, join } from '../handful.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { LivePod, PumpedPod, Traffic, TrafficDeps, TrafficPath, TrafficRules } from '../ports.ts';
import { outlastCaches, usedUntil } from './callersCache.ts';
import { EndpointWatches } from './endpoints.ts';
import { createLook, lookAccess } from './look.ts';
import { readinessGateTraffic } from './readinessGate.ts';
import { registryTraffic } from './registry/traffic.ts';
import { serviceTraffic } from './service.ts';
import { createSilence, type Silence } from './silence.ts';

/** Kubernetes' own ways: one adapter for each key of the spec, which gets the values of all sources with that key. */
const adapters = {
  service: serviceTraffic,
  readinessGate: readinessGateTraffic,
} satisfies Record<string, (sources: readonly string[], deps: TrafficDeps, watches: EndpointWatches) => Traffic>;

/** What outlives the activities of one cluster: watches that are heard by all, and the memory of quiet windows. */
interface Shared {
  readonly watches: EndpointWatches;
  readonly silence: Silence;
}

const shared = new WeakMap<KubeConfig, Shared>();

function sharedOf(kube: Connection): Shared {
  let found = shared.get(kube.config);
  if (found === undefined) {
    found = { watches: new EndpointWatches(kube), silence: createSilence(createLook()) };
    shared.set(kube.config, found);
  }
  return found;
}

/** The watches of EndpointSlices that all activities of a worker share. */
export const endpointWatches = (kube: Connection): EndpointWatches => sharedOf(kube).watches;

/** One adapter with the places of its sources in `through`. */
export interface Part {
  readonly traffic: Traffic;
  readonly places: readonly number[];
}

/**
 * All sources of `through` as one way: opened and drained in their order, restored and closed in reverse. Kubernetes' own
 * of one kind go together, at the place of the first of them.
 */
export function createTraffic(through: readonly TrafficSource[], deps: TrafficDeps): TrafficPath {
  const { watches, silence } = sharedOf(deps.kube);
  const parts = partsOf(through, deps, watches);
  const reverse = parts.toReversed();
  const [soonest] = parts.flatMap(({ traffic }) => traffic.keepOutEveryMs ?? []).toSorted((a, b) => a - b);
  const restore = (pods: readonly PumpedPod[], rules: TrafficRules): Promise<Handful> =>
    inTurn(deps, reverse, pods, (traffic, rest) => traffic.restore(rest, rules));
  /** A pod that is not changed after all must not wait out of traffic for people to decide about the release. */
  const putFailedBack = async ({ failed }: Handful, pods: readonly PumpedPod[], rules: TrafficRules): Promise<void> => {
    const names = new Set(failed.map(({ pod }) => pod));
    const back = pods.filter(({ name }) => names.has(name));
    if (back.length > 0) await restore(back, rules);
  };
  /** By pod, what each part answers for its sources, in the order of `through`. */
  const placed = async <T>(
    pods: readonly LivePod[],
    ask: (traffic: Traffic) => Promise<ReadonlyMap<string, readonly T[]>>,
    nothing: T,
  ): Promise<ReadonlyMap<string, readonly T[]>> => {
    const entries = new Map(pods.map(({ name }) => [name, Array.from<T>({ length: through.length }).fill(nothing)]));
    for (const { traffic, places } of parts) {
      const found = await ask(traffic);
      for (const [name, entry] of entries)
        for (const [at, place] of places.entries()) entry[place] = found.get(name)?.[at] ?? nothing;
    }
    return entries;
  };
  return {
    access: [...parts.flatMap(({ traffic }) => traffic.access), ...(parts.length > 0 ? lookAccess : [])],
    async inspect() {
      const findings: RegistryFinding[] = [];
      for (const { traffic } of parts) findings.push(...((await traffic.inspect()) ?? []));
      return findings;
    },
    async open() {
      for (const { traffic } of parts) await traffic.open?.();
    },
    async close() {
      // One that cannot be closed must not keep the others open.
      const failures: unknown[] = [];
      for (const { traffic } of reverse) {
        await traffic.close?.().catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw failures[0];
    },
    snapshot: (pods) => placed<unknown>(pods, (traffic) => traffic.snapshot(pods), null),
    stands: (pods) => placed<Standing>(pods, (traffic) => traffic.stands(pods), { is: 'unknown' }),
    async drain(pods, rules) {
      const answer = await inTurn(deps, parts, pods, (traffic, rest) => traffic.drain(rest, rules));
      await putFailedBack(answer, pods, rules);
      return answer;
    },
    async silence(pods, rules) {
      const seeOut = (all: readonly PumpedPod[]): Promise<Handful> =>
        inTurn(deps, parts, all, (traffic, rest) => traffic.seeOut(rest, rules));
      const seen = await outlastCaches(parts, await seeOut(pods), pods, deps.signal, seeOut);
      // What callers found before they may use until then: the time to fall silent begins afterwards.
      const out = pods
        .filter(({ name }) => seen.done.includes(name))
        .map((pod) => ({ ...pod, since: usedUntil(parts, pod) }));
      const silent =
        out.length === 0 ? emptyHandful : await silence(out, rules, { kube: deps.kube, signal: deps.signal });
      const answer = join({ ...seen, done: [] }, silent);
      await putFailedBack(answer, pods, rules);
      return answer;
    },
    restore,
    ...(soonest !== undefined && { keepOutEveryMs: soonest }),
    warm: (pods, rules) =>
      inTurn(deps, reverse, pods, async (traffic, rest) => traffic.warm?.(rest, rules) ?? allDone(rest)),
    ...(parts.some(({ traffic }) => 'keepOut' in traffic) && {
      async keepOut(pods: readonly PumpedPod[]) {
        for (const { traffic, places } of parts) await traffic.keepOut?.(pods.map((pod) => withPlaces(pod, places)));
      },
    }),
  };
}

function partsOf(through: readonly TrafficSource[], deps: TrafficDeps, watches: EndpointWatches): readonly Part[] {
  const sources = through.map((source, place) => ({ place, ...keyed(source) }));
  return sources.flatMap(({ key, place, registry }, at): readonly Part[] => {
    if (key === undefined) return [{ traffic: registryTraffic(registry, deps), places: [place] }];
    if (sources.findIndex((source) => source.key === key) < at) return [];
    const own = sources.flatMap((source) => (source.key === key ? [source] : []));
    const values = own.map(({ value }) => value);
    return [{ traffic: adapters[key](values, deps, watches), places: own.map((source) => source.place) }];
  });
}

type Keyed =
  | { readonly key: keyof typeof adapters; readonly value: string; readonly registry?: never }
  | { readonly key?: never; readonly value?: never; readonly registry: RegistrySource };

function keyed(source: TrafficSource): Keyed {
  if ('service' in source) return { key: 'service', value: source.service };
  if ('readinessGate' in source) return { key: 'readinessGate', value: source.readinessGate };
  return { registry: source };
}

/**
 * Only pods that are done with one part go on to the next, in the state that it left them in. Each is answered once,
 * and keeps all its notes.
 */
async function inTurn(
  deps: TrafficDeps,
  parts: readonly Part[],
  pods: readonly PumpedPod[],
  act: (traffic: Traffic, pods: readonly PumpedPod[]) => Promise<Handful>,
): Promise<Handful> {
  let answer = allDone(pods);
  for (const { traffic, places } of parts) {
    const done = new Set(answer.done);
    const rest = pods
      .filter(({ name }) => done.has(name))
      .map((pod) => ({ ...pod, pod: deps.pods.find(pod) ?? pod.pod }));
    if (rest.length === 0) break;
    const next = await act(
      traffic,
      rest.map((pod) => withPlaces(pod, places)),
    );
    answer = join({ ...answer, done: [] }, next);
  }
  return answer;
}

const allDone = (pods: readonly PumpedPod[]): Handful => ({ ...emptyHandful, done: pods.map(({ name }) => name) });

function withPlaces(pod: PumpedPod, places: readonly number[]): PumpedPod {
  if (pod.before === undefined) return pod;
  const before: TrafficSnapshot = places.map((place) => pod.before?.[place]);
  return { ...pod, before };
}
