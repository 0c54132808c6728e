import { log, patched } from '@temporalio/workflow';
import type { Book } from './book.ts';
import { clusterActivities } from './clusterActivities.ts';
import type { BatchRecord, GateRecord, ReleaseRecord } from './contract/record.ts';
import type { Phase } from './contract/status.ts';
import type { ReleaseInput } from './contract/workflows.ts';
import { failureOf } from './failure.ts';
import type { BatchState, OpenGate, ReleaseState } from './state.ts';
import { type Identity, statusOf } from './status.ts';

/**
 * Keeps the release in the cluster, beyond Temporal's retention. Called before the release shows its end: whoever sees
 * that can read the record, and start the next release. Never fails one: what cannot be kept is told in the log.
 */
export async function keepRecord(book: Book, input: ReleaseInput, phase: Phase): Promise<void> {
  const { plan, steps } = book.state;
  // Nothing was touched, or there is no workload that it could be kept with.
  if (plan === undefined || steps.length === 0 || book.state.failure?.code === 'WORKLOAD_NOT_FOUND') return;
  if (!patched('record')) return;
  const record = recordOf({ ...book.state, phase, endedAt: book.now }, book.identity, input);
  const { target } = book.identity;
  try {
    await clusterActivities(target.cluster).waiting.record.executeWithOptions(
      {
        summary: 'keep the record of this release in the cluster',
        scheduleToCloseTimeout: '30s',
        retry: { initialInterval: '500ms', maximumAttempts: 4 },
      },
      [{ target, uid: plan.uid, record }],
    );
  } catch (error) {
    const { text } = failureOf(error);
    log.warn('Could not keep the record', { error: text });
    book.log(`The record of this release could not be kept in the cluster: ${text}`);
  }
}

/** The record of a release that has ended. Pure. */
export function recordOf(
  state: ReleaseState & { readonly endedAt: string },
  identity: Identity,
  { spec, gated, reason }: ReleaseInput,
): ReleaseRecord {
  const { plan, failure, rollback, notUndone, batches, startedAt, endedAt, phase, gate } = state;
  const { id, run, initiator } = identity;
  const { app, version, fromVersion, restart, reload, text } = statusOf(state, identity);
  const open = gate === undefined ? [] : [gateRecord(gate, rollback?.at ?? endedAt, false)];
  return {
    id,
    run,
    app,
    initiator,
    ...(state.supersedes && { supersedes: { run: state.supersedes.run, version: state.supersedes.version } }),
    ...(reason !== undefined && { reason }),
    startedAt,
    endedAt,
    phase,
    text,
    version,
    fromVersion,
    ...(restart === true && { restart }),
    ...(reload === true && { reload }),
    ...(plan?.scale !== undefined && { scale: { from: plan.scale.from, to: plan.scale.to } }),
    ...(plan?.drain !== undefined && { drain: true as const }),
    from: plan?.change.from ?? {},
    to: plan?.change.to ?? {},
    batches: batches.map(batchRecord),
    gates: [...(state.gatesPassed ?? []), ...open],
    decisions: state.decisions ?? [],
    ...(rollback !== undefined && { rollback }),
    ...(failure !== undefined && { failure }),
    notUndone,
    spec: gated ?? spec,
  };
}

function batchRecord({ name, state, pods, startedAt, endedAt }: BatchState): BatchRecord {
  const failed = pods.filter((pod) => pod.state === 'failed').length;
  const times = startedAt !== undefined && endedAt !== undefined;
  return { name, state, pods: pods.length, failed, ...(times && { seconds: msBetween(startedAt, endedAt) / 1000 }) };
}

/** The gate as it was left at `until`: it opened then, or the release ended there. */
export function gateRecord(
  { id, since, bakedAt, needs, approvals }: OpenGate,
  until: string,
  passed: boolean,
): GateRecord {
  const decidedAt = passed ? approvals.at(-1)?.at : until;
  return {
    id,
    openedAt: since,
    ...(passed && { passedAt: until }),
    waitedMs: {
      bake: Math.min(msBetween(since, bakedAt), msBetween(since, until)),
      approval: needs === undefined || decidedAt === undefined ? 0 : msBetween(bakedAt, decidedAt),
    },
    approvals,
  };
}

const msBetween = (from: string, to: string): number => Math.max(0, Date.parse(to) - Date.parse(from));
