import { proxyActivities } from '@temporalio/workflow';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({
  startToCloseTimeout: '30s',
  // As in a release: on the queue of another worker, the server cannot hand an activity out with the workflow task.
  taskQueue: 'chain.activities',
});

/** So many activities, one after the other: what a release that waits for one pod after the other does. */
export async function chain(steps: number): Promise<void> {
  for (let step = 0; step < steps; step += 1) await nothing();
}
