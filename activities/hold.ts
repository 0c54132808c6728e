import type { ClusterActivities } from '../workflows/contract/activities.ts';
import { SluiceError } from '../workflows/contract/errors.ts';
import { clearLeft } from './blueGreen/clear.ts';
import { activity } from './call.ts';
import { noPods } from './podsOf.ts';
import type { PodsOf } from './ports.ts';
import { type Shared, scopeOf, workloadOf } from './scope.ts';

/** Taking the workload and giving it back, and its way out of traffic. */
export function holdActivities(
  shared: Shared,
): Pick<ClusterActivities, 'acquire' | 'takeOver' | 'release' | 'openTraffic' | 'closeTraffic'> {
  return {
    acquire: activity(async (request, call) => {
      await clearLeft(shared, request, call);
      return workloadOf(shared, request.target, call).acquire(request);
    }),

    takeOver: activity((request, call) => workloadOf(shared, request.target, call).takeOver(request)),

    release: activity(async (request, call) => {
      await workloadOf(shared, request.target, call).release(request);
      shared.selectors.delete(request.uid);
    }),

    openTraffic: activity((request, call) => {
      const scope = scopeOf(shared, request, call);
      return scope.withPods((pods) => scope.traffic(request.through, pods).open());
    }),

    closeTraffic: activity(async (request, call) => {
      const scope = scopeOf(shared, request, call);
      const close = (pods: PodsOf) => scope.traffic(request.through, pods).close();
      try {
        await scope.withPods(close);
      } catch (error) {
        // The workload was deleted, and its pods with it; what we did to the Services is still there.
        if (!(error instanceof SluiceError && error.code === 'WORKLOAD_NOT_FOUND')) throw error;
        await close(noPods);
      }
    }),
  };
}
