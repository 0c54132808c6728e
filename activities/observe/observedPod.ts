import type { ObservedPod } from '../../workflows/contract/observation.ts';
import { imagesOf, isReady } from '../kubernetes/podState.ts';
import type { ListOf } from '../kubernetes/types.ts';
import type { Node, Pod } from '../kubernetes/wire.ts';

type NodeLabels = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** Labels by node name. */
export const nodeLabelsOf = ({ items }: ListOf<Node>): NodeLabels =>
  new Map(items.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));

/** A pod as the planner sees it. */
export function observedPod(pod: Pod, nodeLabels: NodeLabels): ObservedPod {
  const { name, uid, labels = {}, creationTimestamp = '' } = pod.metadata;
  const node = pod.spec.nodeName ?? '';
  return {
    name,
    uid,
    node,
    nodeLabels: nodeLabels.get(node) ?? {},
    labels,
    ready: isReady(pod),
    createdAt: creationTimestamp,
    images: imagesOf(pod),
  };
}
