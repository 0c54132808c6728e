import { marks } from '../../workflows/contract/names.ts';
import type { ObservedPod } from '../../workflows/contract/observation.ts';
import { resourcesOf } from '../kubernetes/podResources.ts';
import { imageIDsOf, imagesOf, isReady } from '../kubernetes/podState.ts';
import type { ListOf } from '../kubernetes/types.ts';
import type { Node, Pod } from '../kubernetes/wire.ts';
import type { Workload } from '../ports.ts';
import { reloadedOn } from '../reload/record.ts';

type Nodes = ReadonlyMap<string, Node>;

/** By name. */
export const nodesOf = ({ items }: ListOf<Node>): Nodes => new Map(items.map((node) => [node.metadata.name, node]));

/** Whether its kubelet reports: `Unknown` is what the node controller writes when it does not. */
export const isNodeReady = ({ status }: Node): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;

/** A pod of `workload` as the planner sees it. */
export function observedPod(pod: Pod, nodes: Nodes, workload: Pick<Workload, 'ordinal'>): ObservedPod {
  const { name, uid, labels = {}, creationTimestamp = '' } = pod.metadata;
  const node = nodes.get(pod.spec.nodeName ?? '');
  const ordinal = workload.ordinal?.(pod);
  const {
    [marks.template]: template,
    [marks.release]: changedBy,
    [marks.drained]: drained,
  } = pod.metadata.annotations ?? {};
  const reloaded = reloadedOn(pod);
  return {
    name,
    uid,
    node: pod.spec.nodeName ?? '',
    nodeLabels: node?.metadata.labels ?? {},
    nodeReady: node !== undefined && isNodeReady(node),
    labels,
    // Out of traffic it serves nobody, ready or not.
    ready: isReady(pod) && drained === undefined,
    createdAt: creationTimestamp,
    images: imagesOf(pod),
    imageIDs: imageIDsOf(pod),
    resources: resourcesOf(pod),
    ...(ordinal !== undefined && { ordinal }),
    ...(template !== undefined && { template }),
    ...(Object.keys(reloaded).length > 0 && { reloaded }),
    ...(changedBy !== undefined && { changedBy }),
  };
}
