import type { Client } from '@temporalio/client';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { recordsOf } from '../../workflows/contract/history.ts';
import { releaseId, type Target, workflowTypes, workloadName } from '../../workflows/contract/names.ts';
import { bringsVersion } from '../../workflows/contract/record.ts';
import { isOver, type Phase } from '../../workflows/contract/status.ts';
import type { ReleaseInput } from '../../workflows/contract/workflows.ts';
import { toSluiceError, translated } from './faults.ts';
import { readHistory } from './history.ts';
import { sluiceAttributes } from './searchAttributes.ts';

/** The latest release of a workload, as it was asked for, and where it is. */
export interface LastRelease {
  readonly spec: unknown;
  readonly running: boolean;
  /** As Temporal's index or the record says; one that was ended from outside has failed. */
  readonly phase: Phase;
  readonly startedAt: string;
  readonly initiator: string;
}

/**
 * From Temporal; where that has forgotten it, from the record in the cluster.
 * @throws RELEASE_NOT_FOUND where neither knows one, TEMPORAL_*
 */
export async function lastRelease(client: Client, target: Target): Promise<LastRelease> {
  try {
    return await inTemporal(client, target);
  } catch (error) {
    const known = toSluiceError(error, 'temporal', target);
    if (known.code !== 'RELEASE_NOT_FOUND') throw known;
    const { entries, withheld } = await readHistory(client, target);
    const last = recordsOf(entries).find(bringsVersion);
    if (last?.spec) {
      const { spec, phase, startedAt, initiator } = last;
      return { spec, running: false, phase, startedAt, initiator };
    }
    const why = withheld === undefined ? '' : ` Its records cannot be read: ${withheld}`;
    throw new SluiceError('RELEASE_NOT_FOUND', `No release of ${workloadName(target)} is known.${why}`);
  }
}

async function inTemporal(client: Client, target: Target): Promise<LastRelease> {
  const latest = client.workflow.getHandle(releaseId(target));
  return translated(
    async () => {
      const found = await latest.describe();
      const run = found.type === workflowTypes.release ? found.runId : await beforeOthers(client, target);
      const handle = client.workflow.getHandle(releaseId(target), run);
      const { status, runId, startTime, typedSearchAttributes } = await handle.describe();
      const { history } = await client.workflowService.getWorkflowExecutionHistory({
        namespace: client.options.namespace,
        execution: { workflowId: handle.workflowId, runId },
        // The first event has what it was started with; thousands may follow.
        maximumPageSize: 1,
      });
      const [payload] = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
      if (!payload) throw new SluiceError('RELEASE_NOT_FOUND', 'Its start is not in its history any more.');
      const input = client.options.loadedDataConverter.payloadConverter.fromPayload<ReleaseInput>(payload);
      const running = status.name === 'RUNNING';
      const phase = (typedSearchAttributes.get(sluiceAttributes.SluicePhase) ?? 'planning') as Phase;
      return {
        spec: input.gated ?? input.spec,
        running,
        phase: running || isOver(phase) ? phase : 'failed',
        startedAt: startTime.toISOString(),
        initiator: input.initiator ?? 'unknown',
      };
    },
    'temporal',
    target,
  );
}

/** The run of the last release, where a scale or a drain came after it. */
async function beforeOthers(client: Client, target: Target): Promise<string> {
  const query = `WorkflowId = '${releaseId(target)}' AND WorkflowType = '${workflowTypes.release}'`;
  for await (const { runId } of client.workflow.list({ query, pageSize: 1 })) return runId;
  throw new SluiceError('RELEASE_NOT_FOUND', `No release of ${workloadName(target)} is known, but a scale or a drain.`);
}
