import type { ClusterActivities, Handful, HandfulPod, HandfulRequest } from '../workflows/contract/activities.ts';
import type { Images } from '../workflows/contract/observation.ts';
import { activity, type Call } from './call.ts';
import { emptyHandful, join } from './handful.ts';
import { judgePod } from './kubernetes/judgePod.ts';
import type { WorkloadPods } from './podsOf.ts';
import type { LivePod, PodChange, PumpedPod } from './ports.ts';
import { type Scope, type Shared, scopeOf } from './scope.ts';
import { settle } from './settle.ts';

type Stages = Pick<ClusterActivities, 'drain' | 'silence' | 'patch' | 'wait' | 'restore'>;

interface Work {
  readonly request: HandfulRequest;
  readonly call: Call;
  readonly scope: Scope;
  readonly pods: WorkloadPods;
  /** The pods of the request that are there. */
  readonly live: readonly (HandfulPod & LivePod)[];
}

/** The stages of the pump, but for the checks. */
export function stageActivities(shared: Shared): Stages {
  const stage = (run: (work: Work) => Promise<Handful>) =>
    activity((request: HandfulRequest, call: Call) => {
      const scope = scopeOf(shared, request, call);
      return scope.withPods(async (pods) => {
        const { live, gone } = pods.split(request.pods);
        const handful = live.length === 0 ? emptyHandful : await run({ request, call, scope, pods, live });
        return join(handful, { ...emptyHandful, gone });
      });
    });

  return {
    drain: stage(async ({ request, call, scope, pods, live }) => {
      // A refused patch must never follow a drain (design §6): each pod's own, as admission may tell pods apart.
      const rehearsed = await scope.workload.rehearse(live, changeOf(request, pods));
      call.progress({ rehearsed: rehearsed.done.length });
      const fit = new Set(rehearsed.done);
      const pumped = live.filter(({ name }) => fit.has(name)).map(pumpedPod);
      if (pumped.length === 0) return rehearsed;
      const drained = await scope.traffic(request.traffic.through, pods).drain(pumped, rulesOf(request));
      return join({ ...rehearsed, done: [] }, drained);
    }),

    silence: stage(({ request, scope, pods, live }) =>
      scope.traffic(request.traffic.through, pods).silence(live.map(pumpedPod), rulesOf(request)),
    ),

    patch: stage(({ request, scope, pods, live }) => scope.workload.upgrade(live, changeOf(request, pods))),

    wait: stage(({ request, call, pods, live }) => {
      const ownGates = request.traffic.through.flatMap((source) =>
        'readinessGate' in source ? [source.readinessGate] : [],
      );
      const { minReadyMs, readyTimeoutMs, undo } = request;
      return settle(
        live,
        pods,
        ({ since, wasReady, ...pod }, state, now) => {
          const images = pod.images ?? request.images;
          return judgePod(state, { images, minReadyMs, readyTimeoutMs, undo, since, wasReady, ownGates }, now);
        },
        call,
      );
    }),

    restore: stage(({ request, scope, pods, live }) =>
      scope.traffic(request.traffic.through, pods).restore(live.map(pumpedPod), rulesOf(request)),
    ),
  };
}

/** The change of a request: a pod's own images, where it has some, go before those of the handful. */
function changeOf(
  request: Pick<HandfulRequest, 'holder' | 'batch' | 'images' | 'pods'>,
  pods: Pick<WorkloadPods, 'wrote'>,
): PodChange {
  const own = new Map<string, Images>();
  for (const { name, images } of request.pods) if (images) own.set(name, images);
  return {
    holder: request.holder,
    batch: request.batch,
    images: (pod) => own.get(pod) ?? request.images,
    wrote: (pod) => pods.wrote(pod),
  };
}

const pumpedPod = ({ name, uid, pod, since, traffic }: HandfulPod & LivePod): PumpedPod => ({
  name,
  uid,
  pod,
  since,
  ...(traffic && { before: traffic }),
});

const rulesOf = ({ traffic, readyTimeoutMs, undo }: HandfulRequest) => ({
  quietMs: traffic.quietMs,
  maxDrainMs: traffic.maxDrainMs,
  onDrainTimeout: traffic.onDrainTimeout,
  readyTimeoutMs,
  undo,
});
