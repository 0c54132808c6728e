import type { Client } from '@temporalio/client';
import { type HistoryEntry, historyEntries, type History as Seen } from '../../workflows/contract/history.ts';
import { historyId, type Target, workflowTypes, workloadName } from '../../workflows/contract/names.ts';
import { isOver } from '../../workflows/contract/status.ts';
import type { HistoryInput } from '../../workflows/contract/workflows.ts';
import { lookAt, lookNonce } from './look.ts';
import { type LiveStatus, readStatus } from './status.ts';

/** The past of a workload, and the release that runs now. */
export interface History {
  readonly target: Target;
  readonly running?: LiveStatus;
  /** Revisions joined with the releases that made them, newest first. */
  readonly entries: readonly HistoryEntry[];
  /** Why releases are missing, where the worker may not read the records. */
  readonly withheld?: string;
}

/** @throws WORKLOAD_NOT_FOUND, WORKER_ABSENT, CLUSTER_UNKNOWN, TEMPORAL_* */
export async function readHistory(client: Client, target: Target, signal?: AbortSignal): Promise<History> {
  const [seen, latest] = await Promise.all([
    lookAtHistory(client, target, signal),
    // No release that Temporal knows, or one whose worker is gone: the past is there all the same.
    readStatus(client, target).catch(() => undefined),
  ]);
  return {
    target,
    ...(latest !== undefined && !isOver(latest.phase) && { running: latest }),
    entries: historyEntries(seen),
    ...(seen.withheld !== undefined && { withheld: seen.withheld }),
  };
}

function lookAtHistory(client: Client, target: Target, signal?: AbortSignal): Promise<Seen> {
  const input: HistoryInput = { target };
  return lookAt<Seen>(
    client,
    target,
    {
      type: workflowTypes.history,
      id: historyId(target, lookNonce()),
      input,
      summary: `History of ${workloadName(target)} in ${target.namespace} of ${target.cluster}; touches nothing`,
      hopeless: 'The history cannot be read',
    },
    signal,
  );
}
