import type { ClusterActivities } from '../workflows/contract/activities.ts';
import { activity } from './call.ts';
import type { Shared } from './scope.ts';

/** Tells everyone; one that fails does not keep the others from being told, and is tried again. */
export function notifyActivity({ factories }: Shared): ClusterActivities['notify'] {
  return activity(async ({ targets, event }, { signal }) => {
    const told = await Promise.allSettled(
      targets.map((target) => factories.createNotifier(target, { signal }).send(event)),
    );
    const failed = told.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  });
}
