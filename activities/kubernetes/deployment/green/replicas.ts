import { replicaSets } from '../../resources.ts';
import type { Connection } from '../../types.ts';
import type { ReplicaSet } from '../../wire.ts';

/** Scales a ReplicaSet, unless somebody changed it since it was read: a failure with status 409 then. */
export async function setReplicas(kube: Connection, set: ReplicaSet, replicas: number): Promise<ReplicaSet> {
  if (set.spec.replicas === replicas) return set;
  const { namespace = '', name, resourceVersion } = set.metadata;
  const body = { metadata: { resourceVersion }, spec: { replicas } };
  return kube.patch(replicaSets, { namespace, name }, body, { as: 'merge' });
}
