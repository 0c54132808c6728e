import { setTimeout as sleep } from 'node:timers/promises';
import type { Handful, HandfulPod, HandfulRequest } from '../workflows/contract/activities/handful.ts';
import type { ClusterActivities } from '../workflows/contract/activities.ts';
import { activity, type Call } from './call.ts';
import { carryOn } from './carryOn.ts';
import { changeOf } from './change.ts';
import { withDown } from './down.ts';
import { emptyHandful, join } from './handful.ts';
import { untilHeld } from './hotSwap/holds.ts';
import { createJudge } from './judge.ts';
import type { WorkloadPods } from './podsOf.ts';
import type { LivePod, PumpedPod, TrafficPath } from './ports.ts';
import { type Scope, type Shared, scopeOf } from './scope.ts';
import { settle } from './settle.ts';
import { until } from './until.ts';

/** A pod that is ready within this time goes on in the same call; kubelet needs one to two seconds, kwok a tenth. */
const carriedWaitMs = 400;

/** Between two looks whether a pod came back by itself. */
const keepOutMs = 1_000;

/** So long its way out of traffic may want to look sooner: a container that is told to stop has 30 s by default. */
const stopsWithinMs = 30_000;

/** How long a drain waits for the watch to hear of the drain before it. */
const catchUpMs = 5_000;

type Stages = Pick<ClusterActivities, 'drain' | 'silence' | 'patch' | 'wait' | 'restore' | 'warm'>;

interface Work {
  readonly request: HandfulRequest;
  readonly call: Call;
  readonly scope: Scope;
  readonly pods: WorkloadPods;
  /** The pods of the request that are there. */
  readonly live: readonly (HandfulPod & LivePod)[];
  /** The call of another stage goes on with this one: those that take longer are `later`. */
  readonly carried: boolean;
}

type KeptWork = Omit<Work, 'carried'>;

/** The stages of the pump, but for the checks. */
export function stageActivities(shared: Shared): Stages {
  const stage = (name: keyof Stages) =>
    activity((request: HandfulRequest, call: Call) => {
      const scope = scopeOf(shared, request, call);
      return scope.withPods(async (pods) => {
        const work = async (at: keyof Stages, asked: readonly HandfulPod[], carried: boolean): Promise<Handful> => {
          const { live, gone } = pods.split(asked);
          const handful =
            live.length === 0 ? emptyHandful : await run[at]({ request, call, scope, pods, live, carried });
          return join(handful, { ...emptyHandful, gone });
        };
        const handed = request.pods.map((pod) => ({ ...pod, since: call.here(pod.since) }));
        const own = await work(name, handed, false);
        const version = name === 'drain' ? pods.lastWrite() : undefined;
        const answer = await carryOn(own, request.goOn ?? [], (next, names) => {
          const going = new Set(names);
          const since = new Date().toISOString();
          const asked = request.pods.filter((pod) => going.has(pod.name)).map((pod) => ({ ...pod, since }));
          return work(next, asked, true);
        });
        return withDown(version === undefined ? answer : { ...answer, version }, request, pods);
      });
    });
  return {
    drain: stage('drain'),
    silence: stage('silence'),
    patch: stage('patch'),
    wait: stage('wait'),
    restore: stage('restore'),
    warm: stage('warm'),
  };
}

const run: Readonly<Record<keyof Stages, (work: Work) => Promise<Handful>>> = {
  drain: async ({ request, call, scope, pods, live }) => {
    // With an older view of who is out, the last endpoint of a Service might be taken for one of several.
    const { version } = request;
    const isUpToDate = () => version === undefined || pods.watch.hasSeen(version);
    if (!(await until(isUpToDate, catchUpMs, call.signal, [pods]))) {
      return { ...emptyHandful, later: live.map(({ name }) => name) };
    }
    const rehearsed = await changeOf(request, { call, scope, pods }).rehearse(live);
    call.progress({ rehearsed: rehearsed.done.length });
    const fit = new Set(rehearsed.done);
    const pumped = live.filter(({ name }) => fit.has(name)).map(pumpedPod);
    if (pumped.length === 0) return rehearsed;
    const drained = await scope.traffic(request.traffic.through, pods).drain(pumped, rulesOf(request));
    return join({ ...rehearsed, done: [] }, drained);
  },

  silence: async ({ request, call, scope, pods, live }) => {
    // An attempt before this one may have gone on with them: they are changed already, and need not be silent for it.
    const change = changeOf(request, { call, scope, pods });
    const changed = live.filter((pod) => change.isMade(pod));
    const rest = live.filter((pod) => !changed.includes(pod)).map(pumpedPod);
    const silent =
      rest.length === 0
        ? emptyHandful
        : await scope.traffic(request.traffic.through, pods).silence(rest, rulesOf(request));
    return join(silent, { ...emptyHandful, done: changed.map(({ name }) => name) });
  },

  patch: (work) => {
    const { request, call, scope, pods, live } = work;
    const make = () => changeOf(request, { call, scope, pods }).make(live);
    // What leaves as soon as it is patched has left before anybody waits for it.
    return pathOf(work)?.keepOutEveryMs === undefined ? make() : keptOut(work, make);
  },

  wait: (work) =>
    keptOut(work, async () => {
      const { request, call, scope, pods, live, carried } = work;
      const { judge, notes } = createJudge(request, scope.kube);
      const withinMs = carried ? carriedWaitMs : undefined;
      const ready = await settle(live, pods.watch, judge, call, withinMs);
      const handful =
        request.hotSwap === undefined
          ? ready
          : await untilHeld(ready, live, { request, swap: request.hotSwap, kube: scope.kube, ...call, withinMs });
      return join(handful, { ...emptyHandful, notes: notes() });
    }),

  restore: ({ request, scope, pods, live }) =>
    scope.traffic(request.traffic.through, pods).restore(live.map(pumpedPod), backRules(request)),

  warm: async ({ request, scope, pods, live }) => {
    const answer = await scope.traffic(request.traffic.through, pods).warm(live.map(pumpedPod), backRules(request));
    const isThrough = new Set(live.filter(({ share }) => share === undefined).map(({ name }) => name));
    return {
      ...answer,
      done: answer.done.filter((name) => isThrough.has(name)),
      later: [...answer.later, ...answer.done.filter((name) => !isThrough.has(name))],
    };
  },
};

const pathOf = ({ request: { traffic }, scope, pods }: KeptWork): TrafficPath | undefined =>
  traffic.through.length > 0 ? scope.traffic(traffic.through, pods) : undefined;

/**
 * A container that has begun anew, or a pod that was born, may register itself as if it had never been taken out: during
 * `act` it is taken out again.
 */
export async function keptOut<T>(work: KeptWork, act: () => Promise<T>): Promise<T> {
  const path = pathOf(work);
  if (path?.keepOut === undefined) return act();
  const pods = work.live.map(pumpedPod);
  const isSoon = (): boolean => pods.some(({ since }) => Date.now() < Date.parse(since) + stopsWithinMs);
  const end = new AbortController();
  const over = AbortSignal.any([work.call.signal, end.signal]);
  const kept = (async () => {
    while (!over.aborted) {
      const beganMs = Date.now();
      await path.keepOut?.(pods);
      const everyMs = (isSoon() ? path.keepOutEveryMs : undefined) ?? keepOutMs;
      // A look that takes long, at many pods or a slow registry, leaves as much time to whoever drains and restores.
      await sleep(Math.max(everyMs, Date.now() - beganMs), undefined, { signal: over });
    }
  })().catch(() => undefined);
  try {
    return await act();
  } finally {
    end.abort();
    await kept;
  }
}

/** A pod of a request as the ways out of traffic know it. */
export const pumpedPod = ({
  name,
  uid,
  pod,
  since,
  share,
  traffic,
}: LivePod & Pick<HandfulPod, 'since' | 'share' | 'traffic'>): PumpedPod => ({
  name,
  uid,
  pod,
  since,
  ...(share !== undefined && { share }),
  ...(traffic && { before: traffic }),
});

export const rulesOf = ({ traffic, readyTimeoutMs, undo }: HandfulRequest) => ({
  quietMs: traffic.quietMs,
  maxDrainMs: traffic.maxDrainMs,
  onDrainTimeout: traffic.onDrainTimeout,
  ...(traffic.silence !== undefined && { silence: traffic.silence }),
  readyTimeoutMs,
  undo,
});

/** Only whoever has been changed warms up: one that goes back as it is gets all its callers at once. */
const backRules = (request: HandfulRequest) => ({
  ...rulesOf(request),
  ...(request.warmUp !== undefined && { warmUp: request.warmUp }),
});
