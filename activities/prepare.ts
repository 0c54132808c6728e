import type { ClusterActivities, Prepared } from '../workflows/contract/activities.ts';
import { activity } from './call.ts';
import { isDown, isLeaving, isReady } from './kubernetes/podState.ts';
import { type Shared, scopeOf } from './scope.ts';

/** The look at the pods of a batch before its first drain. */
export function prepareActivity(shared: Shared): ClusterActivities['prepare'] {
  return activity((request, call) => {
    const scope = scopeOf(shared, request, call);
    return scope.withPods(async (pods): Promise<Prepared> => {
      const { live, gone } = pods.split(request.pods);
      const there = live.filter(({ pod }) => !isLeaving(pod));
      const snapshots =
        request.through.length > 0 && there.length > 0
          ? await scope.traffic(request.through, pods).snapshot(there)
          : undefined;
      const asked = new Set(request.pods.map(({ uid }) => uid));
      return {
        pods: there.map(({ name, uid, pod }) => ({
          name,
          uid,
          ready: isReady(pod),
          traffic: snapshots?.get(name) ?? [],
        })),
        gone: [...gone, ...live.filter(({ pod }) => isLeaving(pod)).map(({ name }) => name)],
        // One that is leaving has a successor, which counts until it is ready.
        downElsewhere: pods
          .all()
          .filter((pod) => !asked.has(pod.metadata.uid) && isDown(pod) && !isLeaving(pod))
          .map(({ metadata }) => metadata.name),
      };
    });
  });
}
