import type { Client } from '@temporalio/client';
import { expect, it } from 'vitest';
import { requireWorkers } from '../../../client/sdk/workers.ts';

/** What Temporal answers of a task queue, look by look: whether somebody polls it. */
function temporal(polled: (queue: string, look: number) => boolean): { client: Client; looks: () => number } {
  const looks = new Map<string, number>();
  const describeTaskQueue = ({ taskQueue: { name } }: { taskQueue: { name: string } }) => {
    const look = (looks.get(name) ?? 0) + 1;
    looks.set(name, look);
    const seconds = Math.floor(Date.now() / 1_000);
    return Promise.resolve({ pollers: polled(name, look) ? [{ lastAccessTime: { seconds } }] : [] });
  };
  const client = {
    options: { namespace: 'default' },
    connection: { workflowService: { describeTaskQueue } },
    workflow: { list: () => [] },
  };
  return { client: client as unknown as Client, looks: () => looks.get('sluice') ?? 0 };
}

it('a worker that is only starting is waited for', async () => {
  const { client, looks } = temporal((_, look) => look >= 3);
  await requireWorkers(client, 'local');
  expect(looks()).toBe(3);
});

it('a cluster that no worker serves is refused at once, where there are workers', async () => {
  const { client, looks } = temporal((queue) => queue === 'sluice');
  await expect(requireWorkers(client, 'elsewhere')).rejects.toMatchObject({ code: 'CLUSTER_UNKNOWN' });
  expect(looks()).toBe(1);
});
