import type { HeldRequest } from '../../../../workflows/contract/activities/hold.ts';
import { greenOf } from '../../../../workflows/contract/blueGreen/share.ts';
import { marks } from '../../../../workflows/contract/names.ts';
import type { Quantity } from '../../../../workflows/contract/quantity.schema.ts';
import { keptTemplates } from '../../keptTemplates.ts';
import { KubernetesFailure } from '../../kubernetesFailure.ts';
import { replicaSets } from '../../resources.ts';
import { retryConflicts } from '../../retryConflicts.ts';
import type { Connection } from '../../types.ts';
import type { ReplicaSet } from '../../wire.ts';
import { ownSet } from '../ownSet.ts';
import { findPair, isAdopted, type Pair } from './find.ts';
import { setReplicas } from './replicas.ts';

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
    return isAdopted(green) ? green : setReplicas(kube, green, replicas);
  });
}

async function create(kube: Connection, held: HeldRequest, { look }: Pair, replicas: number): Promise<ReplicaSet> {
  const { to } = await keptTemplates(kube, held);
  const annotations = { [marks.release]: held.holder };
  const body = ownSet(look.deployment, held.holder, to, { replicas, controller: false, annotations });
  const { namespace, name } = body.metadata;
  try {
    return await kube.create(replicaSets, body, { namespace });
  } catch (error) {
    if (!(error instanceof KubernetesFailure && error.reason === 'AlreadyExists')) throw error;
    return kube.get(replicaSets, { namespace, name });
  }
}
