import type { Handful } from '../../workflows/contract/activities/handful.ts';
import type { HeldRequest } from '../../workflows/contract/activities/hold.ts';
import { idOfHolder, marks } from '../../workflows/contract/names.ts';
import { eachPod } from '../eachPod.ts';
import type { Outcome } from '../handful.ts';
import type { LivePod, PodsOf } from '../ports.ts';
import { isAnother } from './claims.ts';
import { poll } from './controllers.ts';
import { ignoreForbidden } from './keptTemplates.ts';
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

/** Whether this release, or an earlier one of the same workload that was terminated, has set it apart. */
export const isLeftBy = (pod: Pod, { holder }: Pick<HeldRequest, 'holder'>): boolean =>
  isApart(pod) && idOfHolder(pod.metadata.annotations?.[marks.release] ?? '') === idOfHolder(holder);

/**
 * Deletes what an earlier release of the workload has set apart, once `isEnough` says that others are ready in their places:
 * until then they are who serves. They stay where that does not come, for the next release to look.
 */
export async function letLeftGo(kube: Connection, held: HeldRequest, isEnough: () => Promise<boolean>): Promise<void> {
  const { namespace } = held.target;
  const { items } = await kube.list(podResource, { namespace, labelSelector: marks.apart });
  const left = items.filter((pod) => isLeftBy(pod, held));
  if (left.length === 0 || !(await poll(async () => (await isEnough()) || undefined))) return;
  for (const { metadata } of left) {
    const { name, uid } = metadata;
    await kube.remove(podResource, { namespace, name }, { uid }).catch(ignoreForbidden);
  }
}
