import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { eachPod } from '../../eachPod.ts';
import type { Labels, Seen } from '../../ports.ts';
import { revisionLabel } from '../controllerRevisions.ts';
import { hasObserved } from '../controllers.ts';
import { controllerOf, isLeaving } from '../podState.ts';
import { pods as podResource } from '../resources.ts';
import { selectorText } from '../selectors.ts';
import type { Connection } from '../types.ts';
import type { Pod } from '../wire.ts';
import type { AnySet, SetKind } from './kind.ts';
import { lookAgain, untilSeen } from './look.ts';

/** Whether a pod is of the revision with that label. */
export const isOf = ({ metadata }: Pod, label: string): boolean => metadata.labels?.[revisionLabel] === label;

/** All labels of the pods of the revision with that label. */
export const revisionLabels = (kind: SetKind, label: string): Labels => ({
  [revisionLabel]: label,
  ...kind.labelsBeside?.(label),
});

/** Its pods that live, from a list. */
export async function livingPods(kube: Connection, { metadata, spec }: AnySet): Promise<readonly Pod[]> {
  const { namespace = '', uid } = metadata;
  const { items } = await kube.list(podResource, { namespace, labelSelector: selectorText(spec.selector) });
  return items.filter((pod) => controllerOf(pod)?.uid === uid && !isLeaving(pod));
}

/**
 * Its pods, and what its controller has seen of the label of the newest revision: its status counts the pods that carry it.
 * See the port. Gone, it has the pods that are known of it.
 */
export async function seen(kube: Connection, kind: SetKind, held: HeldRequest, own: readonly Pod[]): Promise<Seen> {
  const look = await lookAgain(kube, kind, held);
  if (!look) return { pods: own, all: true, outdated: false };
  const { set, newest, label } = look;
  // In this order: a pod that is born after the status was read only makes the wait longer.
  const living = await livingPods(kube, set);
  if (newest === '' || !hasObserved(set)) return { pods: living, all: false, outdated: true };
  const labelled = living.filter((pod) => isOf(pod, label)).length;
  const { least, most } = kind.counted(set);
  return { pods: living, all: most >= labelled, outdated: least > labelled };
}

/**
 * Labels all pods with the newest revision, until a fresh list has no other and the controller has seen it: one that does
 * not know the label would delete the pod as soon as it may.
 */
export async function relabel(kube: Connection, kind: SetKind, held: HeldRequest, label: string, signal: AbortSignal) {
  await untilSeen(held.target, async () => {
    const { pods, all } = await seen(kube, kind, held, []);
    const others = pods.filter((pod) => !isOf(pod, label));
    if (others.length === 0) return all || undefined;
    const refs = others.map(({ metadata: { name, uid, namespace = '' } }) => ({ name, uid, namespace }));
    const { failed } = await eachPod(refs, signal, async ({ name, uid, namespace }) => {
      const metadata = { uid, labels: revisionLabels(kind, label) };
      await kube.patch(podResource, { namespace, name }, { metadata }, { as: 'merge' });
      return 'done';
    });
    const [first] = failed;
    if (first) throw new SluiceError(first.code, `Pod ${first.pod} cannot be labelled: ${first.reason}`);
    return undefined;
  });
}
