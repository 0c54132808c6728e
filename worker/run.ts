import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { SluiceError } from '../workflows/contract/errors.ts';
import { clusterQueue, workflowQueue } from '../workflows/contract/names.ts';
import { loadActivities } from './activities.ts';
import { workflowBundle } from './bundle.ts';
import type { TemporalAccess, WorkerConfig } from './config.ts';
import { serveHealth } from './health.ts';
import { createLogger } from './logger.ts';
import { registerSearchAttributes } from './searchAttributes.ts';
import { activityTuning, workflowTuning } from './tuning.ts';

export interface RunningWorker {
  /** Ends when the worker has stopped; rejects when it broke. */
  readonly ended: Promise<void>;
  /** Lets what is running finish, within the grace time. */
  stop(): void;
  readonly health?: string;
}

/**
 * Starts one worker process: workflows, the activities of one cluster, or both. Resolves when it polls.
 * Temporal's runtime is installed once a process; a second worker in it shares the first one's logger.
 * @throws SluiceError TEMPORAL_UNREACHABLE, CLUSTER_UNREACHABLE (no usable kubeconfig), USAGE
 */
export async function startWorker(config: WorkerConfig): Promise<RunningWorker> {
  const { roles = ['workflows', 'activities'], temporal } = config;
  const { namespace } = temporal;
  installRuntime(config);
  const cluster = roles.includes('activities') ? loadActivities(config) : undefined;
  const connection = await connectTemporal(temporal);
  const workers: Worker[] = [];
  try {
    if (!(await registerSearchAttributes(connection, namespace))) {
      Runtime.instance().logger.warn('Only an operator may register the search attributes of Sluice here.', {
        namespace,
      });
    }
    const common = { connection, namespace, shutdownGraceTime: config.shutdownGraceMs ?? 10_000 };
    if (roles.includes('workflows')) {
      workers.push(
        await Worker.create({
          ...common,
          ...workflowTuning,
          taskQueue: workflowQueue,
          workflowBundle: await workflowBundle(),
        }),
      );
    }
    if (cluster !== undefined) {
      const taskQueue = clusterQueue(config.cluster);
      workers.push(
        await Worker.create({ ...common, ...activityTuning, taskQueue, activities: { ...cluster.activities } }),
      );
    }
  } catch (error) {
    await connection.close();
    throw error;
  }
  const health = config.health === undefined ? undefined : await serveHealth(config.health, () => polls(workers));
  const stop = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const run = async (): Promise<void> => {
    const runs = workers.map((worker) => worker.run());
    try {
      await Promise.all(runs);
    } finally {
      // One of them broke: the other one alone would look alive and do half of the work.
      stop();
      await Promise.allSettled(runs);
      health?.close();
      cluster?.close();
      await connection.close();
    }
  };
  return { ended: run(), stop, ...(health === undefined ? {} : { health: health.url }) };
}

const polls = (workers: readonly Worker[]): boolean => workers.every((worker) => worker.getState() === 'RUNNING');

let installed = false;
function installRuntime(config: WorkerConfig): void {
  if (installed) return;
  installed = true;
  // The CLI handles signals itself: Temporal's handlers would stop workers that a demo in the same process still needs.
  Runtime.install({
    logger: createLogger(config),
    shutdownSignals: [],
    telemetryOptions: config.metrics === undefined ? {} : { metrics: { prometheus: { bindAddress: config.metrics } } },
  });
}

async function connectTemporal({ address, source, tls, apiKey }: TemporalAccess): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect({
      address,
      ...(tls !== undefined && { tls }),
      ...(apiKey !== undefined && { apiKey }),
    });
  } catch (cause) {
    const which = source === undefined ? address : `${address} (from ${source})`;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SluiceError('TEMPORAL_UNREACHABLE', `The Temporal server at ${which} cannot be reached: ${reason}`, {
      cause,
    });
  }
}
