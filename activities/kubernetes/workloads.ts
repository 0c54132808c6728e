import { type KindName, kindName } from '../../workflows/contract/kinds.ts';
import type { Target } from '../../workflows/contract/names.ts';
import type { Workload } from '../ports.ts';
import { createCloneSet } from './cloneset.ts';
import { createDaemonSet } from './daemonset.ts';
import { createDeployment } from './deployment.ts';
import { createReplicaSet } from './replicaset.ts';
import { createStatefulSet } from './statefulset.ts';
import type { Connection } from './types.ts';

/** Makes the workload of one activity: `kube` and `signal` are that activity's. */
export type WorkloadFactory = (kube: Connection, signal: AbortSignal) => Workload;

/** The kinds of workload. A new one is a file, a line here and one in workflows/contract/kinds.ts. */
const factories: Readonly<Record<KindName, WorkloadFactory>> = {
  deployment: createDeployment,
  replicaset: createReplicaSet,
  statefulset: createStatefulSet,
  daemonset: createDaemonSet,
  cloneset: createCloneSet,
};

/** @throws WORKLOAD_UNFIT for a kind that there is no file for, naming those that there are */
export const createWorkload = (target: Target, kube: Connection, signal: AbortSignal): Workload =>
  factories[kindName(target)](kube, signal);
