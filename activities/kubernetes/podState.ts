import { hasAll } from '../../workflows/contract/imageName.ts';
import { marks } from '../../workflows/contract/names.ts';
import type { Images } from '../../workflows/contract/observation.ts';
import { normalImage, parseImage } from '../registry/imageReference.ts';
import type { ContainerStatus, Pod } from './wire.ts';

/** Pure readings of a pod's object. */

/** Images of the containers in the spec, init containers left out. */
export const imagesOf = (pod: Pod): Images =>
  Object.fromEntries(pod.spec.containers.map(({ name, image }) => [name, image ?? '']));

/** What its started containers run, as its node says. */
export const imageIDsOf = (pod: Pod): Images =>
  Object.fromEntries(
    (pod.status?.containerStatuses ?? []).flatMap(({ name, imageID }) => (imageID === '' ? [] : [[name, imageID]])),
  );

/** Who bears a pod and its like (a ReplicaSet, a StatefulSet), or has a ReplicaSet. */
export const controllerOf = ({ metadata }: Pick<Pod, 'metadata'>) =>
  metadata.ownerReferences?.find(({ controller }) => controller === true);

/** Of a workload that a custom resource has: which one, for people. Its operator writes it. */
export function ownedBy(workload: Pick<Pod, 'metadata'>): { readonly ownedBy?: string } {
  const owner = controllerOf(workload);
  return owner === undefined ? {} : { ownedBy: `${owner.kind} ${owner.name}` };
}

/** Whether labels or annotations are as `wanted`; null: not there. */
export const hasLabels = (
  has: Readonly<Record<string, string>> = {},
  wanted: Readonly<Record<string, string | null>>,
): boolean => Object.entries(wanted).every(([key, value]) => (has[key] ?? null) === value);

/** Whether the spec of `pod` names all of `images`, letter by letter: that is what the controller compares. */
export const hasImages = (pod: Pod, images: Images): boolean => hasAll(imagesOf(pod), images);

/** Whether it was born from the template that a release marks so. */
export const hasMark = ({ metadata }: Pod, mark: string | undefined): boolean =>
  mark !== undefined && metadata.annotations?.[marks.template] === mark;

/** Whether its last change was that of this batch of the release `holder`. */
export const isChangedBy = (
  { metadata }: Pod,
  { holder, batch }: { readonly holder: string; readonly batch: string },
): boolean => metadata.annotations?.[marks.release] === holder && metadata.labels?.[marks.podBatch] === batch;

export const conditionOf = (pod: Pod, type: string) => pod.status?.conditions?.find((entry) => entry.type === type);

export const isReady = (pod: Pod): boolean => conditionOf(pod, 'Ready')?.status === 'True';

/** It will not come back: being deleted, or evicted (its object stays, but its controller has replaced it). */
export const isLeaving = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';

/** No caller should reach it now. */
export const isDown = (pod: Pod): boolean => isLeaving(pod) || !isReady(pod);

/**
 * Ready but for `ownGates`: the readiness gates that a release has closed itself to drain the pod. This is how kubelet
 * computes Ready, with those gates taken as open. Answers since when (ms since 1970), undefined where it is not.
 */
export function readySince(pod: Pod, ownGates: readonly string[]): number | undefined {
  const needed = ['ContainersReady', ...(pod.spec.readinessGates ?? []).map((gate) => gate.conditionType)];
  if (ownGates.length === 0) needed.push('Ready');
  let since = 0;
  for (const type of needed) {
    if (ownGates.includes(type)) continue;
    const condition = conditionOf(pod, type);
    if (condition?.status !== 'True') return undefined;
    since = Math.max(since, Date.parse(condition.lastTransitionTime ?? '') || 0);
  }
  return since;
}

/** Of a container, or an init container: names are unique among both. */
export const statusOf = ({ status }: Pod, container: string): ContainerStatus | undefined =>
  [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find(
    ({ name }) => name === container,
  );

/** Whether the status says that the container runs `image`: by name, or by the digest that `image` is pinned to. */
export function runsImage(status: ContainerStatus, image: string): boolean {
  const { digest } = parseImage(image);
  if (digest !== undefined && status.imageID.endsWith(digest)) return true;
  return status.image === image || normalImage(status.image) === normalImage(image);
}
