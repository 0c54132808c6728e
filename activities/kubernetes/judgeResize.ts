import { amountsOf, type ContainerResources, sameAmount } from '../../workflows/contract/resize.ts';
import { conditionOf, statusOf } from './podState.ts';
import type { Pod } from './wire.ts';

/** How far the node is with the resources that a pod's spec has. `why` for people. */
export type Resizing =
  | { readonly is: 'done' }
  | { readonly is: 'waiting'; readonly why: string }
  | { readonly is: 'impossible'; readonly why: string };

/** What kubelet reports of containers; other resources are not resized. */
const reported = /\.(cpu|memory)$/;

/**
 * Whether kubelet has given the containers what `wanted` says: its status shows that, of this generation of the spec, and
 * no condition says that it is still at it (KEP-1287). `Infeasible` will never be on this node; `Deferred` may be.
 */
export function judgeResize(pod: Pod, wanted: ContainerResources): Resizing {
  const { generation = 0 } = pod.metadata;
  const seen = pod.status?.observedGeneration;
  if (seen !== undefined && seen < generation) return { is: 'waiting', why: 'its node has not seen the change yet' };
  const pending = trueCondition(pod, 'PodResizePending');
  if (pending?.reason === 'Infeasible') return { is: 'impossible', why: textOf(pending) };
  if (pending) return { is: 'waiting', why: textOf(pending) };
  const progress = trueCondition(pod, 'PodResizeInProgress');
  if (progress) return { is: 'waiting', why: textOf(progress, 'in progress') };
  for (const [name, resources] of Object.entries(wanted)) {
    const has = amountsOf(statusOf(pod, name)?.resources ?? {});
    const other = Object.entries(amountsOf(resources)).find(
      ([field, amount]) => reported.test(field) && !sameAmount(has[field], amount),
    );
    if (other) return { is: 'waiting', why: `${name} has ${other[0]} ${has[other[0]] ?? 'unknown'}, not ${other[1]}` };
  }
  return { is: 'done' };
}

const trueCondition = (pod: Pod, type: string) => {
  const condition = conditionOf(pod, type);
  return condition?.status === 'True' ? condition : undefined;
};

function textOf({ reason, message }: { readonly reason?: string; readonly message?: string }, none = ''): string {
  return [reason || none, message].filter(Boolean).join(': ');
}
