import { SluiceError } from '../../workflows/contract/errors.ts';
import { kindAliases, type Target, workloadName } from '../../workflows/contract/names.ts';
import type { Workload } from '../ports.ts';
import { createDeployment } from './deployment.ts';
import type { Connection } from './types.ts';

/** Makes the workload of one activity: `kube` and `signal` are that activity's. */
export type WorkloadFactory = (kube: Connection, signal: AbortSignal) => Workload;

/** The kinds of workload. A new one is a file, a line here and a line in kindAliases. */
const factories: Readonly<Record<string, WorkloadFactory>> = {
  deployment: createDeployment,
};

/** @throws WORKLOAD_UNFIT for a kind that there is no file for, naming those that there are */
export function createWorkload(target: Target, kube: Connection, signal: AbortSignal): Workload {
  const factory = factories[kindAliases[target.kind] ?? target.kind];
  if (factory) return factory(kube, signal);
  throw new SluiceError(
    'WORKLOAD_UNFIT',
    `Sluice cannot release ${workloadName(target)}: it releases workloads of kind ${Object.keys(factories).join(', ')}.`,
  );
}
