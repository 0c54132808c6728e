import { SluiceError } from '../workflows/contract/errors.ts';
import { pathsOf, stateDirectory } from './paths.ts';
import { inspectPart } from './process/inspect.ts';
import { readRecords } from './process/record.ts';
import { readState, type StackState } from './state.ts';
import { temporalNamespace } from './temporal/part.ts';
import type { StackEnvironment, StackPaths, StackReport } from './types.ts';

/** Name of the local cluster in specs, workflow ids and task queues. */
export const localCluster = 'local';

/** How the stack is now. Changes nothing and starts nothing. */
export async function inspect(options: { stateDir?: string } = {}): Promise<StackReport> {
  const paths = pathsOf(stateDirectory(options.stateDir));
  const state = await readState(paths);
  if (state === undefined) return { stateDir: paths.root, state: 'none', parts: [] };
  const parts = await Promise.all((await readRecords(paths.run)).map((record) => inspectPart(record)));
  const running = state.complete !== false && parts.every((part) => part.state === 'running');
  return {
    stateDir: paths.root,
    state: parts.length === 0 ? 'down' : running ? 'up' : 'degraded',
    runtime: state.runtime,
    nodes: state.nodes,
    parts,
    environment: environmentOf(paths, state),
  };
}

/**
 * What `sluice env` prints.
 * @throws LOCAL_NOT_UP when nothing runs there
 */
export async function environment(options: { stateDir?: string } = {}): Promise<StackEnvironment> {
  const report = await inspect(options);
  if (report.environment === undefined || report.state === 'none' || report.state === 'down') {
    throw new SluiceError('LOCAL_NOT_UP', `No local stack is running in ${report.stateDir}.`);
  }
  return report.environment;
}

function environmentOf(paths: StackPaths, { ports }: StackState): StackEnvironment {
  return {
    KUBECONFIG: paths.kubeconfig,
    TEMPORAL_ADDRESS: `127.0.0.1:${ports['temporal'] ?? 0}`,
    TEMPORAL_NAMESPACE: temporalNamespace,
    SLUICE_TEMPORAL_UI: `http://127.0.0.1:${ports['temporalUi'] ?? 0}`,
    SLUICE_CLUSTER: localCluster,
    ...(ports['registry'] !== undefined && { SLUICE_REGISTRY: `127.0.0.1:${ports['registry']}` }),
  };
}
