import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { type Target, targetOf, workflowTypes } from '../../workflows/contract/names.ts';
import { isOver, type Phase, phases } from '../../workflows/contract/status.ts';
import { translated } from './faults.ts';
import { namedRun } from './namedRun.ts';
import { sluiceAttributes } from './searchAttributes.ts';

export interface ListQuery {
  readonly cluster?: string | undefined;
  readonly namespace?: string | undefined;
  readonly app?: string | undefined;
  readonly phase?: Phase | undefined;
  /** Only those that wait for somebody. */
  readonly waiting?: boolean | undefined;
  /** Only those that have not ended. */
  readonly running?: boolean | undefined;
  /** How many at most, newest first. Default 50. */
  readonly limit?: number | undefined;
}

/** One line of a list: what Temporal's visibility store knows, which may lag behind by a moment. */
export interface ReleaseSummary {
  readonly id: string;
  readonly run: string;
  readonly target: Target;
  readonly app: string;
  readonly version: string;
  readonly phase: Phase;
  readonly waiting: boolean;
  readonly initiator: string;
  readonly startedAt: string;
  readonly endedAt?: string;
}

/**
 * Releases, newest first.
 * @throws USAGE when a filter holds quotes, TEMPORAL_*
 */
export async function listReleases(client: Client, query: ListQuery): Promise<readonly ReleaseSummary[]> {
  const limit = query.limit ?? 50;
  return translated(async () => {
    const found: ReleaseSummary[] = [];
    if (limit <= 0) return found;
    for await (const execution of client.workflow.list({
      query: visibilityQuery(query),
      pageSize: Math.min(limit, 1000),
    })) {
      const summary = summaryOf(execution);
      if (summary !== undefined) found.push(summary);
      if (found.length >= limit) break;
    }
    return found;
  }, 'temporal');
}

/** Workflows under the id of a workload. */
const changing = [workflowTypes.release, workflowTypes.scale, workflowTypes.drain];

function visibilityQuery({ cluster, namespace, app, phase, waiting, running }: ListQuery): string {
  const conditions = [
    `WorkflowType IN (${changing.map((type) => `'${type}'`).join(', ')})`,
    ...equals('SluiceCluster', cluster),
    ...equals('SluiceNamespace', namespace),
    ...equals('SluiceApp', app),
    ...equals('SluicePhase', phase),
    ...(waiting === true ? ['SluiceWaiting = true', "ExecutionStatus = 'Running'"] : []),
    ...(running === true ? ["ExecutionStatus = 'Running'"] : []),
  ];
  return conditions.join(' AND ');
}

function equals(attribute: string, value: string | undefined): string[] {
  if (value === undefined) return [];
  if (/['"\\]/.test(value)) throw new SluiceError('USAGE', `A filter cannot hold quotes or backslashes: ${value}`);
  return [`${attribute} = '${value}'`];
}

function summaryOf(execution: WorkflowExecutionInfo): ReleaseSummary | undefined {
  const target = targetOf(execution.workflowId);
  if (target === undefined) return undefined;
  const attributes = execution.typedSearchAttributes;
  const running = execution.status.name === 'RUNNING';
  const phase = phaseOf(attributes.get(sluiceAttributes.SluicePhase), running);
  // It lives on in the next one, unless that is another release. A query that says so needs search attributes.
  if (execution.status.name === 'CONTINUED_AS_NEW' && phase !== 'superseded') return undefined;
  return {
    id: execution.workflowId,
    // Some servers leave the first run empty; a release that continued as new then shows its latest run.
    run: namedRun(execution) ?? (execution.raw.firstRunId || execution.runId),
    target,
    app: attributes.get(sluiceAttributes.SluiceApp) ?? target.name,
    version: attributes.get(sluiceAttributes.SluiceVersion) ?? '',
    phase,
    waiting: running && (attributes.get(sluiceAttributes.SluiceWaiting) ?? false),
    initiator: attributes.get(sluiceAttributes.SluiceInitiator) ?? '',
    startedAt: execution.startTime.toISOString(),
    ...(execution.closeTime !== undefined && { endedAt: execution.closeTime.toISOString() }),
  };
}

/** A run that was ended from outside keeps the phase that it was in: it has failed. */
function phaseOf(value: string | undefined, running: boolean): Phase {
  const phase = phases.find((known) => known === value) ?? 'planning';
  return running || isOver(phase) ? phase : 'failed';
}
