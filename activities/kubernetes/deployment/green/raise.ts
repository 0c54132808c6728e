import type { HeldRequest } from '../../../../workflows/contract/activities.ts';
import { greenOf } from '../../../../workflows/contract/blueGreen/share.ts';
import { marks } from '../../../../workflows/contract/names.ts';
import type { Quantity } from '../../../../workflows/contract/quantity.schema.ts';
import { keptTemplates } from '../../keptTemplates.ts';
import { KubernetesFailure } from '../../kubernetesFailure.ts';
import { replicaSets } from '../../resources.ts';
import { retryConflicts } from '../../retryConflicts.ts';
import { hashLabel } from '../../templates.ts';
import type { Connection } from '../../types.ts';
import type { ReplicaSet } from '../../wire.ts';
import { findPair, greenName, isAdopted, type Pair } from './find.ts';

/**
 * Makes the green ReplicaSet, or brings it to its share of the number that the Deployment has now. It has no labels of its own: by
 * those the Deployment's controller would take it, and scale one of the two away. Its pods have all labels, so that
 * they need none of ours in the end. It goes with the Deployment, which owns it without being its controller.
 * @throws WORKLOAD_NOT_FOUND, WORKLOAD_CHANGED
 */
export function raiseGreen(kube: Connection, held: HeldRequest, share?: Quantity): Promise<ReplicaSet> {
  return retryConflicts(async () => {
    const pair = await findPair(kube, held);
    const { deployment } = pair.look;
    const replicas = greenOf(deployment.spec.replicas ?? 1, share);
    const { green } = pair;
    if (green === undefined) return create(kube, held, pair, replicas);
    if (isAdopted(green) || green.spec.replicas === replicas) return green;
    const { namespace = '', name, resourceVersion } = green.metadata;
    const body = { metadata: { resourceVersion }, spec: { replicas } };
    return kube.patch(replicaSets, { namespace, name }, body, { as: 'merge' });
  });
}

async function create(kube: Connection, held: HeldRequest, { look }: Pair, replicas: number): Promise<ReplicaSet> {
  const { deployment } = look;
  const { namespace = '', name, uid } = deployment.metadata;
  const { to } = await keptTemplates(kube, held);
  const own = greenName(deployment, held.holder);
  const hash = own.slice(own.lastIndexOf('-') + 1);
  const rehash = (labels: Readonly<Record<string, string>> | undefined) => ({ ...labels, [hashLabel]: hash });
  const body = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: own,
      namespace,
      annotations: { [marks.release]: held.holder },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name, uid, controller: false }],
    },
    spec: {
      replicas,
      ...(deployment.spec.minReadySeconds !== undefined && { minReadySeconds: deployment.spec.minReadySeconds }),
      selector: { ...deployment.spec.selector, matchLabels: rehash(deployment.spec.selector.matchLabels) },
      template: { ...to, metadata: { ...to.metadata, labels: rehash(to.metadata?.labels) } },
    },
  };
  try {
    return await kube.create(replicaSets, body, { namespace });
  } catch (error) {
    if (!(error instanceof KubernetesFailure && error.reason === 'AlreadyExists')) throw error;
    return kube.get(replicaSets, { namespace, name: own });
  }
}
