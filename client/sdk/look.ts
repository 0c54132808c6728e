import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { type Target, workflowQueue } from '../../workflows/contract/names.ts';
import { toSluiceError, translated } from './faults.ts';
import { givenUp, retryingOf } from './retrying.ts';
import { requireWorkers } from './workers.ts';

/** A small workflow that looks at a cluster and touches nothing. */
export interface Look {
  readonly type: string;
  readonly id: string;
  readonly input: object;
  /** For the Temporal UI. */
  readonly summary: string;
  /** What to say when it goes on failing: `The plan cannot be made`. */
  readonly hopeless: string;
}

/** Keeps several looks at the same workload apart. */
export const lookNonce = (): string => randomUUID().slice(0, 8);

/**
 * Runs it and answers what it saw; the client has no credentials for the cluster, its worker has.
 * @throws WORKER_ABSENT, CLUSTER_UNKNOWN, what the look fails with, TEMPORAL_*
 */
export async function lookAt<T>(client: Client, target: Target, look: Look, signal?: AbortSignal): Promise<T> {
  await requireWorkers(client, target.cluster);
  const handle = await translated(
    () =>
      client.workflow.start(look.type, {
        workflowId: look.id,
        taskQueue: workflowQueue,
        args: [look.input],
        // An answer that nobody waits for any more is worth nothing.
        workflowExecutionTimeout: '10m',
        staticSummary: look.summary,
      }),
    'temporal',
    target,
  );
  const over = new AbortController();
  try {
    return await Promise.race([
      handle.result() as Promise<T>,
      hopeless(handle, look.hopeless, AbortSignal.any([over.signal, ...(signal === undefined ? [] : [signal])])),
    ]);
  } catch (error) {
    await handle.terminate('nobody waits for it any more').catch(() => undefined);
    signal?.throwIfAborted();
    throw toSluiceError(error, 'worker', target);
  } finally {
    over.abort();
  }
}

/** Ends with an error when it cannot be done for a reason that may pass, but has not for a while; or with the signal. */
async function hopeless(handle: WorkflowHandle, what: string, signal: AbortSignal): Promise<never> {
  for (;;) {
    await sleep(500, undefined, { signal });
    const description = await handle.describe().catch(() => undefined);
    const error = description && givenUp(retryingOf(description), what);
    if (error !== undefined) throw error;
  }
}
