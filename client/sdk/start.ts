import type { Client } from '@temporalio/client';
import type { AnySpec } from '../../workflows/contract/documents.ts';
import type { DrainSpec } from '../../workflows/contract/drain/spec.schema.ts';
import { tagOf } from '../../workflows/contract/imageName.ts';
import {
  planId,
  releaseId,
  type Target,
  workflowQueue,
  workflowTypes,
  workloadName,
} from '../../workflows/contract/names.ts';
import type { Plan } from '../../workflows/contract/plan.ts';
import { countOf } from '../../workflows/contract/quantity.ts';
import type { ScaleSpec } from '../../workflows/contract/scale/spec.schema.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import { throughText } from '../../workflows/contract/traffic.ts';
import type { PlanInput, ReleaseInput } from '../../workflows/contract/workflows.ts';
import { translated } from './faults.ts';
import { lookAt, lookNonce } from './look.ts';
import { sluiceAttributes } from './searchAttributes.ts';
import { targetOfSpec } from './target.ts';
import { requireWorkers } from './workers.ts';

/** A release that was started: its workflow id and first run id. */
export interface Started {
  readonly id: string;
  readonly run: string;
  readonly target: Target;
}

/** Who starts a release, and why, where that is more than the spec says: `undo to revision 3`. */
export interface Starting {
  readonly initiator: string;
  readonly reason?: string;
  /** The spec with the gates that this release leaves out for once; see ReleaseInput. */
  readonly gated?: ReleaseSpec;
  /** Plan, and touch nothing before `resume`. */
  readonly paused?: boolean;
}

/**
 * Starts the release of a valid spec. The workflow id is the lock: one release per workload.
 * @throws WORKER_ABSENT, CLUSTER_UNKNOWN, RELEASE_EXISTS, TEMPORAL_*
 */
export function startRelease(client: Client, spec: ReleaseSpec, starting: Starting): Promise<Started> {
  const { images, restart, reload } = spec.change;
  const target = targetOfSpec(spec);
  const app = spec.metadata.name ?? target.name;
  // What a restart restarts is known when it is planned.
  const version = restart !== undefined ? 'restart' : (reload?.version ?? tagOf(Object.values(images ?? {})[0] ?? ''));
  const what = restart === undefined ? `Release of ${app} to ${version}` : `Restart of ${app}`;
  const details = describe(spec, target, starting.initiator);
  return launch(client, { type: workflowTypes.release, target, app, version, what, details }, spec, starting);
}

/**
 * Scales a workload as a valid spec says, under the same lock.
 * @throws WORKER_ABSENT, CLUSTER_UNKNOWN, RELEASE_EXISTS, TEMPORAL_*
 */
export function startScale(client: Client, spec: ScaleSpec, starting: Starting): Promise<Started> {
  const target = targetOfSpec(spec);
  const app = spec.metadata.name ?? target.name;
  const version = countOf(spec.scale.to, 'pod');
  const details = table([
    ['workload', whereIs(target)],
    ['pods', String(spec.scale.to)],
    ['batches', batchesText(spec.strategy.batches)],
    ['after a batch', approvalText(spec.gates.afterBatch.approval)],
    ['out of traffic through', throughText(spec.traffic.through)],
    ['HorizontalPodAutoscaler', spec.scale.hpa],
    ['on failure', spec.onFailure],
    ['initiator', starting.initiator],
  ]);
  const what = `Scale of ${app} to ${version}`;
  return launch(client, { type: workflowTypes.scale, target, app, version, what, details }, spec, starting);
}

/**
 * Takes pods out of traffic as a valid spec says, under the same lock, until somebody says to put them back.
 * @throws WORKER_ABSENT, CLUSTER_UNKNOWN, RELEASE_EXISTS, TEMPORAL_*
 */
export function startDrain(client: Client, spec: DrainSpec, starting: Starting): Promise<Started> {
  const target = targetOfSpec(spec);
  const app = spec.metadata.name ?? target.name;
  const { pods, for: time = '`sluice restore`' } = spec.drain;
  const version = pods.length === 0 ? 'nobody out' : `${countOf(pods.length, 'pod')} out`;
  const details = table([
    ['workload', whereIs(target)],
    ['pods', pods.join(', ') || 'those that were left out are put back'],
    ['out of traffic through', throughText(spec.traffic.through)],
    ...(pods.length === 0 ? [] : [['until', time] as const]),
    ['initiator', starting.initiator],
  ]);
  const what = pods.length === 0 ? `Restore of ${app}` : `Drain of ${countOf(pods.length, 'pod')} of ${app}`;
  return launch(client, { type: workflowTypes.drain, target, app, version, what, details }, spec, starting);
}

/** A workflow that changes a workload, and how the Temporal UI shows it. */
interface Launch {
  readonly type: string;
  readonly target: Target;
  readonly app: string;
  readonly version: string;
  /** `Release of checkout to v2`. */
  readonly what: string;
  readonly details: string;
}

async function launch(
  client: Client,
  { type, target, app, version, what, details }: Launch,
  spec: unknown,
  { initiator, reason, gated, paused = false }: Starting,
): Promise<Started> {
  await requireWorkers(client, target.cluster);
  const input: ReleaseInput = {
    spec,
    initiator,
    ...(reason !== undefined && { reason }),
    ...(gated !== undefined && { gated }),
    ...(paused && { paused }),
  };
  const id = releaseId(target);
  const handle = await translated(
    () =>
      client.workflow.start(type, {
        workflowId: id,
        taskQueue: workflowQueue,
        args: [input],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: `${what} in ${target.namespace} of ${target.cluster}, by ${initiator}${reason === undefined ? '' : ` (${reason})`}`,
        staticDetails: details,
        typedSearchAttributes: [
          { key: sluiceAttributes.SluiceApp, value: app },
          { key: sluiceAttributes.SluiceCluster, value: target.cluster },
          { key: sluiceAttributes.SluiceNamespace, value: target.namespace },
          { key: sluiceAttributes.SluicePhase, value: 'planning' },
          { key: sluiceAttributes.SluiceVersion, value: version },
          { key: sluiceAttributes.SluiceInitiator, value: initiator },
          { key: sluiceAttributes.SluiceWaiting, value: false },
        ],
      }),
    'temporal',
    target,
  );
  return { id, run: handle.firstExecutionRunId, target };
}

/**
 * Asks for the plan of a valid spec of any kind; touches nothing.
 * @throws WORKER_ABSENT, CLUSTER_UNKNOWN, whatever would stop the release (WORKLOAD_NOT_FOUND, FORBIDDEN, …), TEMPORAL_*
 */
export function makePlan(client: Client, spec: AnySpec, signal?: AbortSignal): Promise<Plan> {
  const target = targetOfSpec(spec);
  const input: PlanInput = { spec };
  return lookAt<Plan>(
    client,
    target,
    {
      type: workflowTypes.plan,
      id: planId(target, lookNonce()),
      input,
      summary: `Plan for ${workloadName(target)} in ${target.namespace} of ${target.cluster}; touches nothing`,
      hopeless: 'The plan cannot be made',
    },
    signal,
  );
}

/** What is asked for, a row each. */
function changes({
  restart,
  revision,
  reload,
  images = {},
  template,
  order,
}: ReleaseSpec['change']): [string, string][] {
  const row = <T>(key: string, value: T | undefined, text: (value: T) => string): [string, string][] =>
    value === undefined ? [] : [[key, text(value)]];
  return [
    ...row('restarts', restart, (containers) => (containers === true ? 'every container' : containers.join(', '))),
    ...row('goes back to', revision, (number) => `revision ${number}`),
    ...row('reloads', reload, ({ command, signal }) => `\`${command?.join(' ') ?? `signal ${signal}`}\``),
    ...Object.entries(images).flatMap(([container, image]) => row(`image of ${container}`, image, (to) => `\`${to}\``)),
    ...row('pod template', template, () => 'other parts of it; the plan names them'),
    ...row('containers in order', order, (groups) => groups.map((group) => [group].flat().join(' and ')).join(', ')),
  ];
}

/** Markdown for the Temporal UI: what was asked for, before anything is known of the cluster. */
function describe(spec: ReleaseSpec, target: Target, initiator: string): string {
  const { strategy, gates, traffic, onFailure } = spec;
  const rows: [string, string][] = [
    ['workload', whereIs(target)],
    ...changes(spec.change),
    ['gray group', String(strategy.gray.pods)],
    ['after gray', approvalText(gates.afterGray.approval)],
    ['batches', batchesText(strategy.batches)],
    ['out of service at once', `at most ${strategy.maxUnavailable}`],
    ['out of traffic through', throughText(traffic.through)],
    ['on failure', onFailure],
    ['initiator', initiator],
  ];
  return table(rows);
}

const table = (rows: readonly (readonly [string, string])[]): string =>
  ['| | |', '|---|---|', ...rows.map(([key, value]) => `| ${key} | ${value} |`)].join('\n');

const whereIs = (target: Target): string =>
  `${workloadName(target)} in namespace ${target.namespace} of cluster ${target.cluster}`;

const batchesText = (batches: ReleaseSpec['strategy']['batches']): string =>
  Array.isArray(batches) ? batches.map(shareText).join(', ') : `${batches.count} of even size`;

const shareText = (batch: string | number | { readonly pods?: string | number | undefined }): string =>
  typeof batch === 'object' ? `${batch.pods ?? 'all'} of those selected` : String(batch);

const approvalText = (approval: ReleaseSpec['gates']['afterGray']['approval']): string =>
  approval === false ? 'no approval' : countOf(approval.required, 'approval');
