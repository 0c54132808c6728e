import type { HeldRequest } from '../../../workflows/contract/activities.ts';
import type { Labels, Seen } from '../../ports.ts';
import { controllerOf, hasLabels, isLeaving } from '../podState.ts';
import { pods, replicaSets } from '../resources.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { selectorText } from '../selectors.ts';
import type { Connection } from '../types.ts';
import type { Pod, ReplicaSet } from '../wire.ts';
import { withoutLive } from './commit.ts';
import { lookAgain, lookHeld } from './look.ts';

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

/**
 * The pods of the ReplicaSets that bear `own`, whatever has become of the Deployment. Their controller shares its watch
 * of pods with that of the endpoints; its status counts the pods that carry the labels of the template.
 */
export async function seen(
  kube: Connection,
  { target: { namespace } }: HeldRequest,
  own: readonly Pod[],
): Promise<Seen> {
  const sets = own.flatMap((pod) => {
    const owner = controllerOf(pod);
    return owner?.kind === 'ReplicaSet' ? owner.name : [];
  });
  const found = await Promise.all([...new Set(sets)].map((name) => kube.find(replicaSets, { namespace, name })));
  const bearing = found.filter((set) => set !== undefined);
  if (bearing.length === 0) return { pods: own, all: true };
  // In this order: whatever is born after the ReplicaSet was read is born with its template.
  const lists = await Promise.all(
    bearing.map(({ spec }) => kube.list(pods, { namespace, labelSelector: selectorText(spec.selector) })),
  );
  const owners = new Set(own.map((pod) => controllerOf(pod)?.uid));
  const living = lists.flatMap(({ items }) => items).filter((pod) => owners.has(controllerOf(pod)?.uid));
  return { pods: living, all: bearing.every((set) => hasSeen(set, living)) };
}

function hasSeen({ status, spec, metadata }: ReplicaSet, living: readonly Pod[]): boolean {
  const labels = spec.template?.metadata?.labels ?? {};
  const labelled = living.filter(
    (pod) => controllerOf(pod)?.uid === metadata.uid && !isLeaving(pod) && hasLabels(pod.metadata.labels, labels),
  );
  return (
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    (status?.fullyLabeledReplicas ?? 0) >= labelled.length
  );
}
