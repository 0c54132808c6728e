import type { Client, WorkflowHandle } from '@temporalio/client';
import { type ErrorCode, SluiceError } from '../../workflows/contract/errors.ts';
import { freeByHand } from '../../workflows/contract/kinds.ts';
import { queryNames } from '../../workflows/contract/messages.ts';
import { releaseId, type Target } from '../../workflows/contract/names.ts';
import {
  type BatchProgress,
  type BatchStatus,
  type Failure,
  isOver,
  type PodStatus,
  type ReleaseStatus,
} from '../../workflows/contract/status.ts';
import { toSluiceError, translated } from './faults.ts';
import { type Retrying, retryingOf } from './retrying.ts';
import { sluiceAttributes } from './searchAttributes.ts';

/** How long a worker may take to answer a query, in ms. It replays a long history first, where it has not cached it. */
const queryTimeoutMs = 15_000;

/** A status with what only the server knows: the steps that fail and are tried again. */
export interface LiveStatus extends ReleaseStatus {
  readonly retrying: readonly Retrying[];
}

/**
 * The status of the latest release of `target`, running or ended. The pods of a running batch are those that the batch
 * itself reports, which is ahead of what the release knows.
 * @throws RELEASE_NOT_FOUND, WORKER_ABSENT, TEMPORAL_*
 */
export async function readStatus(client: Client, target: Target): Promise<LiveStatus> {
  const handle = client.workflow.getHandle(releaseId(target));
  const [answer, execution] = await Promise.all([
    ask<ReleaseStatus>(client, handle).catch((error: unknown) => toSluiceError(error, 'worker', target)),
    translated(
      () => client.connection.withDeadline(Date.now() + queryTimeoutMs, () => handle.describe()),
      'temporal',
      target,
    ),
  ]);
  if (answer instanceof SluiceError) {
    if (answer.code !== 'WORKER_ABSENT') throw answer;
    const phase = execution.typedSearchAttributes.get(sluiceAttributes.SluicePhase);
    throw new SluiceError(
      'WORKER_ABSENT',
      `${answer.message} The last that Temporal knows: phase ${phase ?? 'unknown'}, execution ${execution.status.name.toLowerCase()}.`,
      { next: answer.next, cause: answer, details: { phase, execution: execution.status.name } },
    );
  }
  const live = await withBatches(client, { ...answer, retrying: retryingOf(execution) });
  const ending = abruptEnds[execution.status.name];
  return ending === undefined || isOver(live.phase) ? live : cutOff(live, ending, execution.closeTime);
}

async function ask<T>(client: Client, handle: WorkflowHandle): Promise<T> {
  return client.connection.withDeadline(Date.now() + queryTimeoutMs, () => handle.query<T>(queryNames.status));
}

async function withBatches(client: Client, status: LiveStatus): Promise<LiveStatus> {
  if (!status.batches.some(isInHand)) return status;
  const looked = await Promise.all(
    status.batches.map(async (batch) => {
      if (!isInHand(batch)) return { batch, retrying: [], waiting: undefined };
      const handle = client.workflow.getHandle(batch.workflow);
      // A child that is not there yet, or no longer: what the release knows is the best there is.
      const [progress, retrying] = await Promise.all([
        ask<BatchProgress>(client, handle).catch(() => undefined),
        handle.describe().then(retryingOf, () => []),
      ]);
      return { batch: progress ? mergePods(batch, progress) : batch, retrying, waiting: progress?.waiting };
    }),
  );
  const batches = looked.map(({ batch }) => batch);
  const pods = batches.flatMap((batch) => batch.pods);
  const waiting = status.waiting ?? looked.find((look) => look.waiting !== undefined)?.waiting;
  return {
    ...status,
    ...(waiting && { waiting }),
    batches,
    retrying: [...status.retrying, ...looked.flatMap(({ retrying }) => retrying)],
    progress: {
      total: status.progress.total,
      done: pods.filter((pod) => pod.state === 'done').length,
      failed: pods.filter((pod) => pod.state === 'failed').length,
    },
  };
}

function isInHand(batch: BatchStatus): batch is BatchStatus & { readonly workflow: string } {
  return batch.workflow !== undefined && (batch.state === 'running' || batch.state === 'undoing');
}

/** The batch's own view of its pods over that of the release; nodes are known to the release alone. */
function mergePods(batch: BatchStatus, { pods }: BatchProgress): BatchStatus {
  const live = new Map(pods.map((pod) => [pod.replaces ?? pod.name, pod]));
  const known = new Set(batch.pods.map((pod) => pod.name));
  const merged = batch.pods.map((pod): PodStatus => {
    const now = live.get(pod.name);
    if (now === undefined) return pod;
    const node = now.node ?? (now.replaces === undefined ? pod.node : undefined);
    const log = [...(pod.log ?? []), ...newer(now.log ?? [], pod.log?.at(-1)?.at)];
    return { ...now, ...(node !== undefined && { node }), ...(log.length > 0 && { log }) };
  });
  return { ...batch, pods: [...merged, ...pods.filter((pod) => !known.has(pod.replaces ?? pod.name))] };
}

/** Of a batch that ran before the rollback the release knows all already. */
const newer = (log: NonNullable<PodStatus['log']>, than = '') => log.filter(({ at }) => at > than);

/** Ends that the workflow itself could not write into its status. */
const abruptEnds: Readonly<Record<string, { readonly code: ErrorCode; readonly text: string }>> = {
  TERMINATED: { code: 'RELEASE_FAILED', text: 'It was terminated in Temporal; nothing was undone.' },
  TIMED_OUT: { code: 'RELEASE_FAILED', text: 'It ran into a time-out of Temporal; nothing was undone.' },
  CANCELLED: { code: 'RELEASE_FAILED', text: 'It was cancelled in Temporal.' },
  FAILED: { code: 'RELEASE_FAILED', text: 'Its workflow failed; the Temporal UI has the reason.' },
};

/** What was held stays held: only the release itself knows how to give it back. */
function howToFree(target: Target): string {
  return [
    'The workload stays held and marked. Look at it and its pods, then free it for the next release:',
    `${freeByHand(target)}.`,
    'Next time cancel it, or use `sluice rollback`: both undo.',
  ].join(' ');
}

function cutOff(
  status: LiveStatus,
  { code, text }: { code: ErrorCode; text: string },
  at: Date | undefined,
): LiveStatus {
  const failure: Failure = status.failure ?? {
    code,
    text,
    next: howToFree(status.target),
  };
  const { waiting: _, ...rest } = status;
  return { ...rest, phase: 'failed', text, failure, ...(at !== undefined && { endedAt: at.toISOString() }) };
}
