import { Client, type Connection } from '@temporalio/client';
import type { AnySpec } from '../../workflows/contract/documents.ts';
import type { DrainSpec } from '../../workflows/contract/drain/spec.schema.ts';
import type { MessageArguments, MessageName, Reply } from '../../workflows/contract/messages.ts';
import { releaseId, type Target } from '../../workflows/contract/names.ts';
import type { Plan } from '../../workflows/contract/plan.ts';
import type { ScaleSpec } from '../../workflows/contract/scale/spec.schema.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import type { ReleaseResult } from '../../workflows/contract/status.ts';
import { translated } from './faults.ts';
import { type History, readHistory } from './history.ts';
import { type LastRelease, lastRelease } from './lastRelease.ts';
import { type ListQuery, listReleases, type ReleaseSummary } from './list.ts';
import { type RestartOptions, restartWorkload } from './restart.ts';
import { sendMessage } from './send.ts';
import { makePlan, type Started, type Starting, startDrain, startRelease, startScale } from './start.ts';
import { type LiveStatus, readStatus } from './status.ts';
import { planSuperseding, type Superseding, supersedeRelease } from './supersede.ts';
import { readTraffic, type TrafficOptions, type TrafficView } from './traffic.ts';
import { type Verified, verifyWorkload } from './verify.ts';
import { type WatchOptions, watchStatus } from './watch.ts';
import { requireWorkers, workersPresent } from './workers.ts';

/** Sluice as a program sees it. Every error is a SluiceError with a code of the table. */
export interface Sluice {
  /** Starts the release of a valid spec and returns at once; see {@link startRelease}. */
  start(spec: ReleaseSpec, options: Starting): Promise<Started>;
  /** Brings the running release to go on to the version of a valid spec; see {@link supersedeRelease}. */
  supersede(spec: ReleaseSpec, options: Starting & { readonly updateId?: string }): Promise<Superseding>;
  /** What that would do; changes nothing. */
  planSuperseding(spec: ReleaseSpec, initiator: string): Promise<Plan>;
  /** Restarts the containers of a workload in place, in the manner of its last release; see {@link restartWorkload}. */
  restart(target: Target, options: RestartOptions): Promise<Started>;
  /** Scales a workload as a valid spec says, and returns at once; see {@link startScale}. */
  scale(spec: ScaleSpec, options: Starting): Promise<Started>;
  /** Takes pods out of traffic as a valid spec says, and returns at once; see {@link startDrain}. */
  drain(spec: DrainSpec, options: Starting): Promise<Started>;
  /** What a release, a scale or a drain would do; touches nothing. */
  plan(spec: AnySpec, options?: { readonly signal?: AbortSignal }): Promise<Plan>;
  /** Revisions and ended releases of a workload, and the one that runs. Outlives Temporal's retention. */
  history(target: Target, options?: { readonly signal?: AbortSignal }): Promise<History>;
  /** Whether every pod still runs what was reloaded into it; see {@link verifyWorkload}. */
  verify(target: Target, options?: { readonly signal?: AbortSignal }): Promise<Verified>;
  /** Who of a workload is in traffic and who is not, and what is wrong with that; see {@link readTraffic}. */
  traffic(target: Target, options?: TrafficOptions): Promise<TrafficView>;
  /** The latest release as it was asked for, and how it ended. */
  last(target: Target): Promise<LastRelease>;
  /** The latest release of a workload, running or ended, with the live pods of a running batch. */
  status(target: Target): Promise<LiveStatus>;
  /** Says something to the running release and returns its answer. `updateId` is an idempotency key. */
  send<Name extends MessageName>(
    target: Target,
    message: Name,
    args: MessageArguments[Name],
    options?: { readonly updateId?: string },
  ): Promise<Reply>;
  /** Releases, newest first. */
  list(query?: ListQuery): Promise<readonly ReleaseSummary[]>;
  /** Waits for the end of the latest release, for as long as it takes. */
  result(target: Target): Promise<ReleaseResult>;
  /** Every change of the status until the release is over. */
  watch(target: Target, options?: WatchOptions): AsyncIterable<LiveStatus>;
  /** Whether somebody runs workflows and somebody serves `cluster`. */
  workers(cluster: string): Promise<{ workflows: boolean; cluster: boolean }>;
  /** @throws WORKER_ABSENT, CLUSTER_UNKNOWN */
  requireWorkers(cluster: string): Promise<void>;
}

/** Sluice over an open connection, which stays the caller's to close. */
export function createSluice(connection: Connection, options: { readonly namespace?: string } = {}): Sluice {
  const client = new Client({ connection, namespace: options.namespace ?? 'default' });
  return {
    start: (spec, starting) => startRelease(client, spec, starting),
    supersede: (spec, superseding) => supersedeRelease(client, spec, superseding),
    planSuperseding: (spec, initiator) => planSuperseding(client, spec, initiator),
    restart: (target, restarting) => restartWorkload(client, target, restarting),
    scale: (spec, starting) => startScale(client, spec, starting),
    drain: (spec, starting) => startDrain(client, spec, starting),
    plan: (spec, { signal } = {}) => makePlan(client, spec, signal),
    history: (target, { signal } = {}) => readHistory(client, target, signal),
    verify: (target, { signal } = {}) => verifyWorkload(client, target, signal),
    traffic: (target, looking) => readTraffic(client, target, looking),
    last: (target) => lastRelease(client, target),
    status: (target) => readStatus(client, target),
    send: (target, message, args, sendOptions) => sendMessage(client, target, message, args, sendOptions),
    list: (query = {}) => listReleases(client, query),
    result: (target) =>
      translated(
        async () => (await client.workflow.getHandle(releaseId(target)).result()) as ReleaseResult,
        'worker',
        target,
      ),
    watch: (target, watchOptions) => watchStatus(() => readStatus(client, target), watchOptions),
    workers: (cluster) => workersPresent(client, cluster),
    requireWorkers: (cluster) => requireWorkers(client, cluster),
  };
}
