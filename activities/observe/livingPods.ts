import type { Target } from '../../workflows/contract/names.ts';
import { isLeaving } from '../kubernetes/podState.ts';
import { pods } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { ObservedWorkload, Workload } from '../ports.ts';

/** The pods of a workload that live: from a list, not from the watch, which may be a moment behind. */
export async function livingPods(
  kube: Connection,
  workload: Pick<Workload, 'owns'>,
  target: Target,
  { selector }: Pick<ObservedWorkload, 'selector'>,
): Promise<readonly Pod[]> {
  const { items } = await kube.list(pods, { namespace: target.namespace, labelSelector: selector });
  return items.filter((pod) => workload.owns(target, pod) && !isLeaving(pod));
}
