import { replicaSets } from '../resources.ts';
import type { Connection } from '../types.ts';
import type { ReplicaSet } from '../wire.ts';

/** One write that fails if anything else changed it meanwhile; `template`: a strategic merge patch. */
export function write(
  kube: Connection,
  { metadata: { namespace = '', name, resourceVersion } }: ReplicaSet,
  metadata: object,
  template?: object,
): Promise<ReplicaSet> {
  const body = { metadata: { resourceVersion, ...metadata }, ...(template && { spec: { template } }) };
  return kube.patch(replicaSets, { namespace, name }, body, { as: 'strategic' });
}
