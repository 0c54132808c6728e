import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterActivities } from '../../workflows/contract/activities.ts';
import { activity } from '../call.ts';
import { type Shared, scopeOf } from '../scope.ts';
import { pumpedPod } from '../stages.ts';

const lookAgainMs = 5_000;

/** Pods that stay out of traffic for as long as people want. */
export function keepOutActivity(shared: Shared): ClusterActivities['keepOut'] {
  return activity((request, call) => {
    const scope = scopeOf(shared, request, call);
    return scope.withPods(async (pods) => {
      const path = scope.traffic(request.through, pods);
      const since = new Date().toISOString();
      while (path.keepOut !== undefined && Date.now() < call.answerBy) {
        const { live } = pods.split(request.pods);
        await path.keepOut(live.map((pod) => pumpedPod({ ...pod, since })));
        await sleep(lookAgainMs, undefined, { signal: call.signal });
      }
    });
  });
}
