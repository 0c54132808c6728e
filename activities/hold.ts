import type { ClusterActivities } from '../workflows/contract/activities.ts';
import { activity } from './call.ts';
import { type Shared, scopeOf, workloadOf } from './scope.ts';

/** Taking the workload and giving it back, and its way out of traffic. */
export function holdActivities(
  shared: Shared,
): Pick<ClusterActivities, 'acquire' | 'release' | 'openTraffic' | 'closeTraffic'> {
  return {
    acquire: activity((request, call) => workloadOf(shared, request.target, call).acquire(request)),

    release: activity(async (request, call) => {
      await workloadOf(shared, request.target, call).release(request);
      shared.selectors.delete(request.uid);
    }),

    openTraffic: activity((request, call) => {
      const scope = scopeOf(shared, request, call);
      return scope.withPods((pods) => scope.traffic(request.through, pods).open());
    }),

    closeTraffic: activity((request, call) => {
      const scope = scopeOf(shared, request, call);
      return scope.withPods((pods) => scope.traffic(request.through, pods).close());
    }),
  };
}
