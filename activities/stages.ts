import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterActivities, Handful, HandfulPod, HandfulRequest } from '../workflows/contract/activities.ts';
import { activity, type Call } from './call.ts';
import { carryOn } from './carryOn.ts';
import { changeOf } from './change.ts';
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

/** Between two looks whether a pod came back by itself, unless its way out of traffic wants to look sooner. */
const keepOutMs = 1_000;

/** How long a drain waits for the watch to hear of the drain before it. */
const catchUpMs = 5_000;

type Stages = Pick<ClusterActivities, 'drain' | 'silence' | 'patch' | 'wait' | 'restore'>;

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
        return version === undefined ? answer : { ...answer, version };
      });
    });
  return {
    drain: stage('drain'),
    silence: stage('silence'),
    patch: stage('patch'),
    wait: stage('wait'),
    restore: stage('restore'),
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

  patch: ({ request, call, scope, pods, live }) => changeOf(request, { call, scope, pods }).make(live),

  wait: async ({ request, call, scope, pods, live, carried }) => {
    const { judge, notes } = createJudge(request, scope.kube);
    const { through } = request.traffic;
    const path = through.length > 0 ? scope.traffic(through, pods) : undefined;
    const stopKeeping = keepOut(path, live.map(pumpedPod), call);
    try {
      const withinMs = carried ? carriedWaitMs : undefined;
      const ready = await settle(live, pods.watch, judge, call, withinMs);
      const handful =
        request.hotSwap === undefined
          ? ready
          : await untilHeld(ready, live, { request, swap: request.hotSwap, kube: scope.kube, ...call, withinMs });
      return join(handful, { ...emptyHandful, notes: notes() });
    } finally {
      await stopKeeping();
    }
  },

  restore: ({ request, scope, pods, live }) =>
    scope.traffic(request.traffic.through, pods).restore(live.map(pumpedPod), rulesOf(request)),
};

/**
 * A container that has begun anew may register itself as if it had never been taken out: until its pod is ready it is
 * taken out again. Answers what ends that.
 */
function keepOut(path: TrafficPath | undefined, pods: readonly PumpedPod[], { signal }: Call): () => Promise<void> {
  if (path?.keepOut === undefined) return async () => undefined;
  const end = new AbortController();
  const over = AbortSignal.any([signal, end.signal]);
  const kept = (async () => {
    while (!over.aborted) {
      await path.keepOut?.(pods);
      await sleep(path.keepOutEveryMs ?? keepOutMs, undefined, { signal: over });
    }
  })().catch(() => undefined);
  return async () => {
    end.abort();
    await kept;
  };
}

/** A pod of a request as the ways out of traffic know it. */
export const pumpedPod = ({
  name,
  uid,
  pod,
  since,
  traffic,
}: LivePod & Pick<HandfulPod, 'since' | 'traffic'>): PumpedPod => ({
  name,
  uid,
  pod,
  since,
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
