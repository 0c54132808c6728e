import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { inject } from 'vitest';
import { bundleWorkflows } from '../../../worker/bundle.ts';
import { lifecycle } from '../../../workflows/contract/lifecycle.ts';
import { clusterQueue, searchAttributes, workflowQueue } from '../../../workflows/contract/names.ts';
import type { Phase, ReleaseStatus } from '../../../workflows/contract/status.ts';
import type { SimulatedCluster } from './simulatedCluster.ts';
import { timeSkippingServer } from './timeSkippingServer.ts';

let bundle: Promise<WorkflowBundleOption> | undefined;

/** That of the whole run, see bundle.ts; another project has none. */
async function bundled(): Promise<WorkflowBundleOption> {
  const codePath = inject('workflows');
  return codePath === undefined ? bundleWorkflows() : { codePath };
}

/** Temporal with a clock that jumps, and our workflows against a simulated cluster. */
export async function simulation(): Promise<TestWorkflowEnvironment> {
  const env = await started();
  const types = { KEYWORD: 2, INT: 3, BOOL: 5 } as const;
  await env.nativeConnection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(Object.entries(searchAttributes).map(([name, type]) => [name, types[type]])),
  });
  return env;
}

/** The SDK gives the server 5 s to listen, which a busy machine needs for Java alone. */
async function started(): Promise<TestWorkflowEnvironment> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await TestWorkflowEnvironment.createTimeSkipping({
        server: { executable: { type: 'existing-path', path: timeSkippingServer() ?? '' } },
      });
    } catch (error) {
      if (tries === 10) throw error;
    }
  }
}

export interface Running {
  readonly handle: WorkflowHandle;
  readonly run: string;
  readonly status: () => Promise<ReleaseStatus>;
  /** Waits in real time until the status is as wanted; the clock of the server does not jump meanwhile. */
  readonly until: (wanted: (status: ReleaseStatus) => boolean) => Promise<ReleaseStatus>;
}

/** Runs one release on `cluster` while `drive` talks to it; both workers stop with it. */
export async function withRelease<T>(
  env: Pick<TestWorkflowEnvironment, 'client' | 'nativeConnection'>,
  cluster: SimulatedCluster,
  drive: (running: Running) => Promise<T>,
  options: { readonly id?: string; readonly spec?: unknown; readonly type?: 'release' | 'scale' | 'drain' } = {},
): Promise<T> {
  bundle ??= bundled();
  const unique = randomUUID().slice(0, 8);
  const name = `sim-${unique}`;
  const common = { connection: env.nativeConnection, namespace: 'default' };
  const flows = await Worker.create({ ...common, taskQueue: workflowQueue, workflowBundle: await bundle });
  const acts = await Worker.create({
    ...common,
    taskQueue: clusterQueue(name),
    maxHeartbeatThrottleInterval: '100ms',
    activities: { ...planFor(cluster, name) },
  });
  return flows.runUntil(
    acts.runUntil(async () => {
      const handle = await env.client.workflow.start(options.type ?? 'release', {
        workflowId: options.id ?? `release/${name}/default/deployment/shop`,
        taskQueue: workflowQueue,
        args: [{ spec: options.spec ?? {}, initiator: 'anna' }],
      });
      const status = (): Promise<ReleaseStatus> => handle.query<ReleaseStatus>('status');
      const until: Running['until'] = async (wanted) => {
        for (let tries = 0; ; tries += 1) {
          const now = await status();
          if (wanted(now)) return now;
          if (tries > 400) throw new Error(`never as wanted: ${now.phase}: ${now.text}\n${cluster.calls.join('\n')}`);
          await new Promise((resolve) => setTimeout(resolve, 25));
        }
      };
      const result = await drive({ handle, run: handle.firstExecutionRunId, status, until });
      requireLife(phasesIn(await handle.fetchHistory()));
      return result;
    }),
  );
}

/** Makes the history of a release so long that the server asks for a new run (4 MB), and waits until it goes on there. */
export async function inNewRun(cluster: SimulatedCluster, handle: WorkflowHandle): Promise<void> {
  const runId = async (): Promise<string> => (await handle.describe()).runId;
  const before = await runId();
  const refused = { by: 'nobody', gate: 'none', reason: 'x'.repeat(1_500_000) };
  for (let count = 0; count < 3; count += 1) await handle.signal('approve', refused);
  cluster.looksEnd = true;
  while ((await runId()) === before) await new Promise((resolve) => setTimeout(resolve, 50));
  cluster.looksEnd = false;
}

/** The phases that a release showed, in order, from its search attribute. */
function phasesIn({ events }: Awaited<ReturnType<WorkflowHandle['fetchHistory']>>): readonly Phase[] {
  const shown = (events ?? []).flatMap((event) => {
    const fields = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields;
    const data = fields?.['SluicePhase']?.data;
    return data ? [JSON.parse(Buffer.from(data).toString()) as Phase] : [];
  });
  return shown.filter((phase, at) => phase !== shown[at - 1]);
}

/** Every release that a test runs goes only where the table of its life lets it. */
function requireLife(shown: readonly Phase[]): void {
  for (const [at, phase] of shown.entries()) {
    const before = shown[at - 1];
    if (before !== undefined && lifecycle[before].next[phase] === undefined)
      throw new Error(`${before} → ${phase} is not in workflows/contract/lifecycle.ts: ${shown.join(' → ')}`);
  }
}

/** The simulated plan names the cluster under which this test runs. */
function planFor(cluster: SimulatedCluster, name: string): SimulatedCluster['activities'] {
  const { activities } = cluster;
  return {
    ...activities,
    plan: async (request) => {
      const plan = await activities.plan(request);
      return { ...plan, target: { ...plan.target, cluster: name } };
    },
  };
}
