import type { Handful } from '../../workflows/contract/activities/handful.ts';
import type { HeldRequest } from '../../workflows/contract/activities/hold.ts';
import { marks } from '../../workflows/contract/names.ts';
import { eachPod } from '../eachPod.ts';
import type { Outcome } from '../handful.ts';
import type { LivePod, PodsOf } from '../ports.ts';
import { isAnother } from './claims.ts';
import { isLeaving } from './podState.ts';
import { pods as podResource } from './resources.ts';
import { hashLabel } from './templates.ts';
import type { Connection } from './types.ts';
import type { Pod } from './wire.ts';

/** Whether its ReplicaSet has it no more, because another pod is born in its place. */
export const isApart = (pod: Pod): boolean => pod.metadata.labels?.[marks.apart] !== undefined && !isLeaving(pod);

/** The pod-template-hash of a pod, also of one that was set apart. */
export const podHash = ({ metadata: { labels } }: Pod): string => labels?.[hashLabel] ?? labels?.[marks.apart] ?? '';

/**
 * Takes the label off pods by which their ReplicaSet knows them: it lets them go as they are, and bears others. A Service
 * goes on sending callers to them.
 */
export const setApart = (
  pods: readonly LivePod[],
  { holder }: Pick<HeldRequest, 'holder'>,
  { kube, signal, pods: all }: { readonly kube: Connection; readonly signal: AbortSignal; readonly pods: PodsOf },
): Promise<Handful> =>
  eachPod(pods, signal, async ({ pod, name, uid }): Promise<Outcome> => {
    if (isApart(pod)) return 'done';
    const metadata = {
      uid,
      labels: { [hashLabel]: null, [marks.apart]: pod.metadata.labels?.[hashLabel] ?? 'true' },
      annotations: { [marks.release]: holder },
    };
    try {
      const at = { namespace: pod.metadata.namespace ?? '', name };
      all.wrote(await kube.patch(podResource, at, { metadata }, { as: 'merge' }));
    } catch (error) {
      // Gone: another one is born in its place all the same.
      if (!isAnother(error)) throw error;
    }
    return 'done';
  });

/** Deletes pods that were set apart. */
export const removeApart = (kube: Connection, pods: readonly LivePod[], signal: AbortSignal): Promise<Handful> =>
  eachPod(pods, signal, async ({ pod, name, uid }): Promise<Outcome> => {
    await kube
      .remove(podResource, { namespace: pod.metadata.namespace ?? '', name }, { uid })
      .catch((error: unknown) => {
        if (!isAnother(error)) throw error;
      });
    return 'done';
  });

/** Deletes what the release `holder`, which was terminated, has set apart: others are born in their places. */
export async function removeLeftApart(kube: Connection, { target: { namespace }, holder }: HeldRequest): Promise<void> {
  const { items } = await kube.list(podResource, { namespace, labelSelector: marks.apart });
  for (const { metadata } of items.filter((pod) => pod.metadata.annotations?.[marks.release] === holder)) {
    await kube.remove(podResource, { namespace, name: metadata.name }, { uid: metadata.uid });
  }
}
