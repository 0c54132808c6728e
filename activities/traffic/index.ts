import type { KubeConfig } from '@kubernetes/client-node';
import type { Handful, TrafficSnapshot } from '../../workflows/contract/activities.ts';
import type { TrafficSource } from '../../workflows/contract/spec.ts';
import { emptyHandful, join } from '../handful.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { PumpedPod, Traffic, TrafficDeps, TrafficPath, TrafficRules } from '../ports.ts';
import { EndpointWatches } from './endpoints.ts';
import { createLook, lookAccess } from './look.ts';
import { readinessGateTraffic } from './readinessGate.ts';
import { serviceTraffic } from './service.ts';
import { createSilence, type Silence } from './silence.ts';

/** The registry: one adapter for each key of the spec. It gets the values of all sources with that key. */
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
interface Part {
  readonly traffic: Traffic;
  readonly places: readonly number[];
}

/**
 * All sources of `through` as one way: opened and drained in their order, restored and closed in reverse. Sources of
 * one kind go together, at the place of the first of them.
 */
export function createTraffic(through: readonly TrafficSource[], deps: TrafficDeps): TrafficPath {
  const { watches, silence } = sharedOf(deps.kube);
  const parts = partsOf(through, deps, watches);
  const reverse = parts.toReversed();
  const restore = (pods: readonly PumpedPod[], rules: TrafficRules): Promise<Handful> =>
    inTurn(deps, reverse, pods, (traffic, rest) => traffic.restore(rest, rules));
  /** A pod that is not changed after all must not wait out of traffic for people to decide about the release. */
  const putFailedBack = async ({ failed }: Handful, pods: readonly PumpedPod[], rules: TrafficRules): Promise<void> => {
    const names = new Set(failed.map(({ pod }) => pod));
    const back = pods.filter(({ name }) => names.has(name));
    if (back.length > 0) await restore(back, rules);
  };
  return {
    access: [...parts.flatMap(({ traffic }) => traffic.access), ...(parts.length > 0 ? lookAccess : [])],
    async inspect() {
      for (const { traffic } of parts) await traffic.inspect();
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
    async snapshot(pods) {
      const entries = new Map(
        pods.map(({ name }) => [name, Array.from<unknown>({ length: through.length }).fill(null)]),
      );
      for (const { traffic, places } of parts) {
        const found = await traffic.snapshot(pods);
        for (const [name, entry] of entries)
          for (const [at, place] of places.entries()) entry[place] = found.get(name)?.[at] ?? null;
      }
      return entries;
    },
    async drain(pods, rules) {
      const answer = await inTurn(deps, parts, pods, (traffic, rest) => traffic.drain(rest, rules));
      await putFailedBack(answer, pods, rules);
      return answer;
    },
    async silence(pods, rules) {
      const seen = await inTurn(deps, parts, pods, (traffic, rest) => traffic.seeOut(rest, rules));
      const out = pods.filter(({ name }) => seen.done.includes(name));
      const silent =
        out.length === 0 ? emptyHandful : await silence(out, rules, { kube: deps.kube, signal: deps.signal });
      const answer = join({ ...seen, done: [] }, silent);
      await putFailedBack(answer, pods, rules);
      return answer;
    },
    restore,
  };
}

function partsOf(through: readonly TrafficSource[], deps: TrafficDeps, watches: EndpointWatches): readonly Part[] {
  const sources = through.map((source, place) => ({ place, ...keyed(source) }));
  return [...new Set(sources.map(({ key }) => key))].map((key) => {
    const own = sources.filter((source) => source.key === key);
    return {
      traffic: adapters[key](
        own.map(({ value }) => value),
        deps,
        watches,
      ),
      places: own.map(({ place }) => place),
    };
  });
}

function keyed(source: TrafficSource): { readonly key: keyof typeof adapters; readonly value: string } {
  if ('service' in source) return { key: 'service', value: source.service };
  return { key: 'readinessGate', value: source.readinessGate };
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
  let answer: Handful = { ...emptyHandful, done: pods.map(({ name }) => name) };
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

function withPlaces(pod: PumpedPod, places: readonly number[]): PumpedPod {
  if (pod.before === undefined) return pod;
  const before: TrafficSnapshot = places.map((place) => pod.before?.[place]);
  return { ...pod, before };
}
