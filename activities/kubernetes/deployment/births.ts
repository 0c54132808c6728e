import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import type { Labels } from '../../ports.ts';
import { hasLabels } from '../podState.ts';
import { replicaSets } from '../resources.ts';
import { retryConflicts } from '../retryConflicts.ts';
import type { Connection } from '../types.ts';
import { lookAgain, lookHeld, withoutLive } from './look.ts';

/** Sets labels in the template of the live ReplicaSet, from which pods are born. See the port. */
export async function labelBirths(kube: Connection, request: HeldRequest, labels: Labels): Promise<Labels> {
  const adds = Object.values(labels).some((value) => value !== null);
  await retryConflicts(async () => {
    const look = adds ? await lookHeld(kube, request) : await lookAgain(kube, request);
    if (!look?.live) {
      if (!adds) return;
      throw withoutLive(request.target);
    }
    const { namespace = '', name, resourceVersion } = look.live.metadata;
    if (hasLabels(look.live.spec.template?.metadata?.labels, labels)) return;
    const body = { metadata: { resourceVersion }, spec: { template: { metadata: { labels } } } };
    await kube.patch(replicaSets, { namespace, name }, body, { as: 'merge' });
  });
  return {};
}
