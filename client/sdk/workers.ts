import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowService } from '@temporalio/client';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { clusterQueue, workflowQueue } from '../../workflows/contract/names.ts';
import { translated } from './faults.ts';
import { sluiceAttributes } from './searchAttributes.ts';

/** temporal.api.enums.v1.TaskQueueType */
type QueueType = NonNullable<Parameters<WorkflowService['describeTaskQueue']>[0]['taskQueueType']>;
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- @temporalio/client does not export the enum itself
const queueTypes: Readonly<Record<'workflow' | 'activity', QueueType>> = { workflow: 1, activity: 2 };

/** A worker's long poll lasts up to a minute; one that was not seen for longer is gone. */
const freshMs = 75_000;

/** A worker that was started in the same breath, `sluice worker & sluice release …`, polls within so long. */
const startMs = 10_000;
const lookMs = 250;

/** How many workers serve a task queue now. */
async function pollersOf(client: Client, queue: string, type: keyof typeof queueTypes): Promise<number> {
  const { pollers } = await translated(
    () =>
      client.connection.workflowService.describeTaskQueue({
        namespace: client.options.namespace,
        taskQueue: { name: queue },
        taskQueueType: queueTypes[type],
      }),
    'temporal',
  );
  const oldest = Date.now() - freshMs;
  return (pollers ?? []).filter(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 >= oldest).length;
}

/** Whether somebody runs workflows and somebody serves `cluster`. */
export async function workersPresent(
  client: Client,
  cluster: string,
): Promise<{ workflows: boolean; cluster: boolean }> {
  const [workflows, activities] = await Promise.all([
    pollersOf(client, workflowQueue, 'workflow'),
    pollersOf(client, clusterQueue(cluster), 'activity'),
  ]);
  return { workflows: workflows > 0, cluster: activities > 0 };
}

/**
 * Refuses to ask for what nobody would do. Where there is no worker at all, one that is just starting is waited for.
 * @throws WORKER_ABSENT when nobody runs workflows; CLUSTER_UNKNOWN when nobody serves `cluster`, with the clusters that are served
 */
export async function requireWorkers(client: Client, cluster: string): Promise<void> {
  const end = Date.now() + startMs;
  let present = await workersPresent(client, cluster);
  while (!present.workflows && Date.now() < end) {
    await sleep(lookMs);
    present = await workersPresent(client, cluster);
  }
  if (present.workflows && present.cluster) return;
  if (!present.workflows) {
    throw new SluiceError(
      'WORKER_ABSENT',
      `No worker polls the task queue "${workflowQueue}", nor began to within ${startMs / 1000} s: nobody would carry out the release.`,
      {
        next: `Start one with \`sluice worker --cluster ${cluster}\`; nothing has been started.`,
      },
    );
  }
  const served = await servedClusters(client);
  const list = served.length === 0 ? '' : ` Clusters with a worker: ${served.join(', ')}.`;
  throw new SluiceError(
    'CLUSTER_UNKNOWN',
    `No worker serves the cluster "${cluster}" (task queue "${clusterQueue(cluster)}").${list}`,
    {
      next: `Correct the name of the cluster, or start \`sluice worker --cluster ${cluster}\` beside it.`,
      details: { cluster, served },
    },
  );
}

/** Temporal lists no task queues: the clusters of known releases are asked for, and `local`. */
async function servedClusters(client: Client): Promise<string[]> {
  const known = new Set(['local']);
  try {
    let seen = 0;
    for await (const { typedSearchAttributes } of client.workflow.list({ query: `WorkflowType = 'release'` })) {
      const cluster = typedSearchAttributes.get(sluiceAttributes.SluiceCluster);
      if (cluster !== undefined) known.add(cluster);
      seen += 1;
      if (seen >= 200) break;
    }
    const served = await Promise.all(
      [...known].map(async (cluster) =>
        (await pollersOf(client, clusterQueue(cluster), 'activity')) > 0 ? [cluster] : [],
      ),
    );
    return served.flat().toSorted();
  } catch {
    // The list is a courtesy within another error.
    return [];
  }
}
