import type { HeldRequest } from '../../../workflows/contract/activities.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { eachPod } from '../../eachPod.ts';
import type { Seen } from '../../ports.ts';
import { revisionLabel } from '../controllerRevisions.ts';
import { controllerOf, isLeaving } from '../podState.ts';
import { pods as podResource, statefulSets } from '../resources.ts';
import { selectorText } from '../selectors.ts';
import type { Connection } from '../types.ts';
import type { Pod, StatefulSet } from '../wire.ts';
import { hasObserved, untilSeen } from './look.ts';

/** Its pods that live, from a list. */
export async function livingPods(kube: Connection, { metadata, spec }: StatefulSet): Promise<readonly Pod[]> {
  const { namespace = '', uid } = metadata;
  const { items } = await kube.list(podResource, { namespace, labelSelector: selectorText(spec.selector) });
  return items.filter((pod) => controllerOf(pod)?.uid === uid && !isLeaving(pod));
}

/**
 * Its pods, and whether its controller has seen all that carry the label of the newest revision: its status counts those.
 * See the port. Gone, it has the pods that are known of it.
 */
export async function seen(kube: Connection, { target, uid }: HeldRequest, own: readonly Pod[]): Promise<Seen> {
  const set = await kube.find(statefulSets, target);
  if (!set || set.metadata.uid !== uid) return { pods: own, all: true };
  // In this order: a pod that is born after the status was read only makes the wait longer.
  const living = await livingPods(kube, set);
  return { pods: living, all: hasObserved(set) && (set.status?.updatedReplicas ?? 0) >= newest(set, living).length };
}

const newest = (set: StatefulSet, living: readonly Pod[]): readonly Pod[] =>
  living.filter(({ metadata }) => metadata.labels?.[revisionLabel] === set.status?.updateRevision);

/**
 * Labels all pods with the newest revision, until a fresh list has no other and the controller has seen it: one that does
 * not know the label would delete the pod as soon as it may.
 */
export async function relabel(kube: Connection, held: HeldRequest, revision: string, signal: AbortSignal) {
  await untilSeen(held.target, async () => {
    const { pods, all } = await seen(kube, held, []);
    const others = pods.filter(({ metadata }) => metadata.labels?.[revisionLabel] !== revision);
    if (others.length === 0) return all || undefined;
    const refs = others.map(({ metadata: { name, uid, namespace = '' } }) => ({ name, uid, namespace }));
    const { failed } = await eachPod(refs, signal, async ({ name, uid, namespace }) => {
      const metadata = { uid, labels: { [revisionLabel]: revision } };
      await kube.patch(podResource, { namespace, name }, { metadata }, { as: 'merge' });
      return 'done';
    });
    const [first] = failed;
    if (first) throw new SluiceError(first.code, `Pod ${first.pod} cannot be labelled: ${first.reason}`);
    return undefined;
  });
}
