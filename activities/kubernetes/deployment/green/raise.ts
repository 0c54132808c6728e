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
import { findBoth, findPair, isAdopted, type Pair } from './find.ts';
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
    const { green } = pair;
    if (green === undefined) return create(kube, held, pair, wanted(pair, share));
    return follow(kube, { ...pair, green }, share);
  });
}

/**
 * Brings the green ReplicaSet, which is there, to its share; it is never made: whoever took it away meanwhile meant it.
 * @throws WORKLOAD_NOT_FOUND, WORKLOAD_CHANGED
 */
export function keepGreen(kube: Connection, held: HeldRequest, share?: Quantity): Promise<ReplicaSet> {
  return retryConflicts(async () => follow(kube, await findBoth(kube, held), share));
}

const wanted = ({ look: { deployment } }: Pair, share?: Quantity): number =>
  greenOf(deployment.spec.replicas ?? 1, share);

const follow = (kube: Connection, pair: Pair & Required<Pick<Pair, 'green'>>, share?: Quantity): Promise<ReplicaSet> =>
  isAdopted(pair.green) ? Promise.resolve(pair.green) : setReplicas(kube, pair.green, wanted(pair, share));

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
