import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
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
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import type { PlanInput, ReleaseInput } from '../../workflows/contract/workflows.ts';
import { toSluiceError, translated } from './faults.ts';
import { givenUp, retryingOf } from './retrying.ts';
import { sluiceAttributes } from './searchAttributes.ts';
import { targetOfSpec } from './target.ts';
import { requireWorkers } from './workers.ts';

/** A release that was started: its workflow id and first run id. */
export interface Started {
  readonly id: string;
  readonly run: string;
  readonly target: Target;
}

/**
 * Starts the release of a valid spec. The workflow id is the lock: one release per workload.
 * @throws WORKER_ABSENT, CLUSTER_UNKNOWN, RELEASE_EXISTS, TEMPORAL_*
 */
export async function startRelease(client: Client, spec: ReleaseSpec, initiator: string): Promise<Started> {
  const target = targetOfSpec(spec);
  await requireWorkers(client, target.cluster);
  const input: ReleaseInput = { spec, initiator };
  const app = spec.metadata.name ?? target.name;
  const version = tagOf(Object.values(spec.change.images)[0] ?? '');
  const id = releaseId(target);
  const handle = await translated(
    () =>
      client.workflow.start(workflowTypes.release, {
        workflowId: id,
        taskQueue: workflowQueue,
        args: [input],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: `Release of ${app} to ${version} in ${target.namespace} of ${target.cluster}, by ${initiator}`,
        staticDetails: describe(spec, target, initiator),
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
 * Asks for the plan of a valid spec; touches nothing.
 * @throws WORKER_ABSENT, CLUSTER_UNKNOWN, whatever would stop the release (WORKLOAD_NOT_FOUND, FORBIDDEN, …), TEMPORAL_*
 */
export async function makePlan(client: Client, spec: ReleaseSpec, signal?: AbortSignal): Promise<Plan> {
  const target = targetOfSpec(spec);
  await requireWorkers(client, target.cluster);
  const input: PlanInput = { spec };
  const handle = await translated(
    () =>
      client.workflow.start(workflowTypes.plan, {
        workflowId: planId(target, randomUUID().slice(0, 8)),
        taskQueue: workflowQueue,
        args: [input],
        // A plan that nobody waits for any more is worth nothing.
        workflowExecutionTimeout: '10m',
        staticSummary: `Plan for ${workloadName(target)} in ${target.namespace} of ${target.cluster}; touches nothing`,
      }),
    'temporal',
    target,
  );
  const over = new AbortController();
  try {
    return await Promise.race([
      handle.result() as Promise<Plan>,
      hopeless(handle, AbortSignal.any([over.signal, ...(signal === undefined ? [] : [signal])])),
    ]);
  } catch (error) {
    await handle.terminate('nobody waits for it any more').catch(() => undefined);
    signal?.throwIfAborted();
    throw toSluiceError(error, 'worker', target);
  } finally {
    over.abort();
  }
}

/** Ends with an error when the plan cannot be made for a reason that may pass, but has not for a while; or with the signal. */
async function hopeless(handle: WorkflowHandle, signal: AbortSignal): Promise<never> {
  for (;;) {
    await sleep(500, undefined, { signal });
    const description = await handle.describe().catch(() => undefined);
    const error = description && givenUp(retryingOf(description), 'The plan cannot be made');
    if (error !== undefined) throw error;
  }
}

/** Markdown for the Temporal UI: what was asked for, before anything is known of the cluster. */
function describe(spec: ReleaseSpec, target: Target, initiator: string): string {
  const { strategy, gates, traffic, onFailure } = spec;
  const batches = Array.isArray(strategy.batches)
    ? strategy.batches.join(', ')
    : `${strategy.batches.count} of even size`;
  const approval = gates.afterGray.approval;
  const rows: [string, string][] = [
    ['workload', `${workloadName(target)} in namespace ${target.namespace} of cluster ${target.cluster}`],
    ...Object.entries(spec.change.images).map(([container, image]): [string, string] => [
      `image of ${container}`,
      `\`${image}\``,
    ]),
    ['gray group', String(strategy.gray.pods)],
    ['after gray', !approval ? 'no approval' : `${approval.required} approval${approval.required === 1 ? '' : 's'}`],
    ['batches', batches],
    ['out of service at once', `at most ${strategy.maxUnavailable}`],
    [
      'out of traffic through',
      traffic.through.map((source) => Object.entries(source).flat().join(' ')).join(', ') || 'nothing',
    ],
    ['on failure', onFailure],
    ['initiator', initiator],
  ];
  return ['| | |', '|---|---|', ...rows.map(([key, value]) => `| ${key} | ${value} |`)].join('\n');
}
