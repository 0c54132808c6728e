import { setTimeout as sleep } from 'node:timers/promises';
import type { HeldRequest } from '../../../../workflows/contract/activities.ts';
import { SluiceError } from '../../../../workflows/contract/errors.ts';
import { KubernetesFailure } from '../../kubernetesFailure.ts';
import { replicaSets } from '../../resources.ts';
import type { Connection } from '../../types.ts';
import type { ReplicaSet } from '../../wire.ts';
import { lookAgain } from '../look.ts';
import { greenName, isAdopted } from './find.ts';

const controllerMs = 30_000;
const lookAgainMs = 100;

/**
 * Takes the green ReplicaSet away: scaled to 0, and deleted when its pods have been told to end. One that the Deployment
 * owns by now is its own. @throws CONFLICT while its controller does not follow
 */
export async function removeGreen(kube: Connection, held: HeldRequest): Promise<void> {
  const look = await lookAgain(kube, held);
  // With the Deployment all went that it owns.
  if (!look) return;
  const at = { namespace: held.target.namespace, name: greenName(look.deployment, held.holder) };
  const end = Date.now() + controllerMs;
  for (;;) {
    const green = await kube.find(replicaSets, at);
    if (!green || isAdopted(green)) return;
    if (isEmpty(green)) return kube.remove(replicaSets, at, { uid: green.metadata.uid });
    if (green.spec.replicas !== 0)
      await kube.patch(replicaSets, at, { spec: { replicas: 0 } }, { as: 'merge' }).catch(ignoreGone);
    if (Date.now() > end) {
      throw new SluiceError('CONFLICT', `After ${controllerMs / 1000} s replicaset/${at.name} still has pods.`, {
        next: 'Look whether kube-controller-manager runs; it is tried again by itself.',
      });
    }
    await sleep(lookAgainMs);
  }
}

const isEmpty = ({ spec, status, metadata }: ReplicaSet): boolean =>
  spec.replicas === 0 &&
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
  (status?.replicas ?? 0) === 0;

function ignoreGone(error: unknown): void {
  if (!(error instanceof KubernetesFailure && error.status === 404)) throw error;
}
