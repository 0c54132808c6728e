import type { HeldRequest } from '../../workflows/contract/activities/hold.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { kindOf } from '../../workflows/contract/kinds.ts';
import { type Target, workloadName } from '../../workflows/contract/names.ts';
import type { ScalePod } from '../../workflows/contract/scale/observation.ts';
import { nodes } from '../kubernetes/resources.ts';
import { ownCost } from '../kubernetes/scaling/deletionCost.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Pod } from '../kubernetes/wire.ts';
import { nodesOf, observedPod } from '../observe/observedPod.ts';
import type { ObservedWorkload, Scaling, Workload } from '../ports.ts';

/** @throws WORKLOAD_UNFIT for a kind whose pods follow something else than a number */
export function scalingOf({ scaling }: Workload, target: Target): Scaling {
  if (scaling !== undefined) return scaling;
  const words = kindOf(target).scaling;
  const why = 'refused' in words ? words.refused : 'its kind has no number of pods.';
  throw new SluiceError('WORKLOAD_UNFIT', `${workloadName(target)} cannot be scaled: ${why}`);
}

/** Its pods as the planner sees them. */
export async function scalePods(
  kube: Connection,
  workload: Workload,
  scaling: Scaling,
  pods: readonly Pod[],
): Promise<readonly ScalePod[]> {
  const byName = nodesOf(await kube.list(nodes, {}));
  return pods.map((pod) => ({
    ...observedPod(pod, byName, workload),
    rank: scaling.rank(pod),
    cost: ownCost(pod),
  }));
}

/** The workload, if the scale still holds it as it took it; in a rollback whatever it is. */
export const observedFor = (workload: Workload, held: HeldRequest, undo: boolean): Promise<ObservedWorkload> =>
  undo ? workload.observe(held.target) : workload.requireUnchanged(held);
