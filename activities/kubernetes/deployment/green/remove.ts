import type { HeldRequest } from '../../../../workflows/contract/activities/hold.ts';
import { hasObserved, pollOrConflict } from '../../controllers.ts';
import { undefinedIfMissing } from '../../kubernetesFailure.ts';
import { replicaSets } from '../../resources.ts';
import { retryConflicts } from '../../retryConflicts.ts';
import type { Connection } from '../../types.ts';
import type { ReplicaSet } from '../../wire.ts';
import { lookAgain } from '../look.ts';
import { ownSetName } from '../ownSet.ts';
import { isAdopted } from './find.ts';
import { setReplicas } from './replicas.ts';

/**
 * Takes the green ReplicaSet away: scaled to 0, and deleted when its pods have been told to end. One that the Deployment
 * owns by now is its own. @throws CONFLICT while its controller does not follow
 */
export async function removeGreen(kube: Connection, held: HeldRequest): Promise<void> {
  const look = await lookAgain(kube, held);
  // With the Deployment all went that it owns.
  if (!look) return;
  const at = { namespace: held.target.namespace, name: ownSetName(look.deployment, held.holder) };
  let uid: string | undefined;
  const takeAway = async (): Promise<true | undefined> => {
    const green = await kube.find(replicaSets, at);
    // One of a newer version has the same name: an attempt that was given up on must not take that.
    if (!green || isAdopted(green) || green.metadata.uid !== (uid ?? green.metadata.uid)) return true;
    uid = green.metadata.uid;
    if (!isEmpty(green)) {
      await setReplicas(kube, green, 0).catch(undefinedIfMissing);
      return undefined;
    }
    await kube.remove(replicaSets, at, { uid });
    return true;
  };
  await pollOrConflict(() => retryConflicts(takeAway), `replicaset/${at.name} still has pods`);
}

const isEmpty = (green: ReplicaSet): boolean =>
  green.spec.replicas === 0 && hasObserved(green) && (green.status?.replicas ?? 0) === 0;
