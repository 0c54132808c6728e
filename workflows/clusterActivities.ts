import {
  ActivityCancellationType,
  type ActivityInterfaceFor,
  type ActivityOptions,
  proxyActivities,
} from '@temporalio/workflow';
import type { ClusterActivities } from './contract/activities.ts';
import { clusterQueue } from './contract/names.ts';

/** Tried until it works: a server that is away comes back. What cannot work is thrown as non-retryable by the activity. */
const retry: NonNullable<ActivityOptions['retry']> = {
  initialInterval: '500ms',
  backoffCoefficient: 2,
  maximumInterval: '30s',
};

type Proxy = ActivityInterfaceFor<ClusterActivities>;

/**
 * The activities of one cluster.
 * `writing` ones change something: a cancellation waits until the attempt in flight has ended, or a rollback would race
 * it (the SDK would otherwise only try to cancel, whatever its typings say). `waiting` ones only look, and are left at once.
 */
export function clusterActivities(cluster: string): { readonly writing: Proxy; readonly waiting: Proxy } {
  const taskQueue = clusterQueue(cluster);
  return {
    writing: proxyActivities<ClusterActivities>({
      taskQueue,
      retry,
      startToCloseTimeout: '10m',
      heartbeatTimeout: '15s',
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    }),
    waiting: proxyActivities<ClusterActivities>({
      taskQueue,
      retry,
      startToCloseTimeout: '1h',
      heartbeatTimeout: '15s',
      cancellationType: ActivityCancellationType.TRY_CANCEL,
    }),
  };
}
