import type { Client } from '@temporalio/client';
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
export async function startRelease(
  client: Client,
  spec: ReleaseSpec,
  { initiator, reason, gated, paused = false }: Starting,
): Promise<Started> {
  const target = targetOfSpec(spec);
  await requireWorkers(client, target.cluster);
  const input: ReleaseInput = {
    spec,
    initiator,
    ...(reason !== undefined && { reason }),
    ...(gated !== undefined && { gated }),
    ...(paused && { paused }),
  };
  const app = spec.metadata.name ?? target.name;
  const { images, restart } = spec.change;
  // What a restart restarts is known when it is planned.
  const version = restart === undefined ? tagOf(Object.values(images ?? {})[0] ?? '') : 'restart';
  const id = releaseId(target);
  const handle = await translated(
    () =>
      client.workflow.start(workflowTypes.release, {
        workflowId: id,
        taskQueue: workflowQueue,
        args: [input],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: `${restart === undefined ? `Release of ${app} to ${version}` : `Restart of ${app}`} in ${target.namespace} of ${target.cluster}, by ${initiator}${reason === undefined ? '' : ` (${reason})`}`,
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
export function makePlan(client: Client, spec: ReleaseSpec, signal?: AbortSignal): Promise<Plan> {
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

/** Markdown for the Temporal UI: what was asked for, before anything is known of the cluster. */
function describe(spec: ReleaseSpec, target: Target, initiator: string): string {
  const { strategy, gates, traffic, onFailure } = spec;
  const batches = Array.isArray(strategy.batches)
    ? strategy.batches.join(', ')
    : `${strategy.batches.count} of even size`;
  const approval = gates.afterGray.approval;
  const rows: [string, string][] = [
    ['workload', `${workloadName(target)} in namespace ${target.namespace} of cluster ${target.cluster}`],
    ...(spec.change.restart === undefined
      ? []
      : [
          ['restarts', spec.change.restart === true ? 'every container' : spec.change.restart.join(', ')] satisfies [
            string,
            string,
          ],
        ]),
    ...Object.entries(spec.change.images ?? {}).map(([container, image]): [string, string] => [
      `image of ${container}`,
      `\`${image}\``,
    ]),
    ...(spec.change.order === undefined
      ? []
      : [
          ['containers in order', spec.change.order.map((entry) => [entry].flat().join(' and ')).join(', ')] satisfies [
            string,
            string,
          ],
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
