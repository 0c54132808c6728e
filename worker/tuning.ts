import type { WorkerOptions } from '@temporalio/worker';

/** One release keeps a few pollers busy; thousands of waiting ones need none. */
export const workflowTuning = {
  maxConcurrentWorkflowTaskExecutions: 40,
  workflowTaskPollerBehavior: { type: 'autoscaling', minimum: 2, initial: 4, maximum: 16 },
  maxCachedWorkflows: 500,
} satisfies Partial<WorkerOptions>;

export const activityTuning = {
  maxConcurrentActivityTaskExecutions: 200,
  activityTaskPollerBehavior: { type: 'autoscaling', minimum: 2, initial: 4, maximum: 16 },
  // An activity hears of its cancellation with the answer to a heartbeat: this bounds how long a rollback waits for it.
  maxHeartbeatThrottleInterval: '500ms',
  defaultHeartbeatThrottleInterval: '500ms',
} satisfies Partial<WorkerOptions>;
