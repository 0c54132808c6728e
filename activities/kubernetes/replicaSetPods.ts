import type { HeldRequest } from '../../workflows/contract/activities/hold.ts';
import type { Seen } from '../ports.ts';
import { hasObserved } from './controllers.ts';
import { controllerOf, hasLabels, isLeaving } from './podState.ts';
import { pods, replicaSets } from './resources.ts';
import { selectorText } from './selectors.ts';
import type { Connection } from './types.ts';
import type { Pod, ReplicaSet } from './wire.ts';

/**
 * The pods of the ReplicaSets that bear `own`, whatever has become of their Deployment. Their controller shares its watch
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
  if (bearing.length === 0) return { pods: own, all: true, outdated: false };
  // In this order: whatever is born after the ReplicaSet was read is born with its template.
  const lists = await Promise.all(
    bearing.map(({ spec }) => kube.list(pods, { namespace, labelSelector: selectorText(spec.selector) })),
  );
  const owners = new Set(own.map((pod) => controllerOf(pod)?.uid));
  const living = lists.flatMap(({ items }) => items).filter((pod) => owners.has(controllerOf(pod)?.uid));
  const each = bearing.map((set) => follows(set, living));
  return { pods: living, all: each.every(({ all }) => all), outdated: each.some(({ outdated }) => outdated) };
}

function follows(set: ReplicaSet, living: readonly Pod[]): Pick<Seen, 'all' | 'outdated'> {
  const { status, spec, metadata } = set;
  if (!hasObserved(set)) return { all: false, outdated: true };
  const labels = spec.template?.metadata?.labels ?? {};
  const labelled = living.filter(
    (pod) => controllerOf(pod)?.uid === metadata.uid && !isLeaving(pod) && hasLabels(pod.metadata.labels, labels),
  );
  const counted = status?.fullyLabeledReplicas ?? 0;
  return { all: counted >= labelled.length, outdated: counted > labelled.length };
}
