import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { PlanHead, PodRef } from '../contract/plan.ts';
import { countOf } from '../contract/quantity.ts';
import { goesUp, type PlannedScale } from '../contract/scale/plan.ts';
import { heldRequest } from '../requests.ts';
import type { ReleaseState } from '../state.ts';

/** The number of pods after batch `index`: those of the batches behind it are still to come, or to go. */
export function numberAfter({ batches }: Pick<ReleaseState, 'batches'>, scale: PlannedScale, index: number): number {
  const open = batches.slice(index + 1).reduce((sum, { pods }) => sum + pods.length, 0);
  return goesUp(scale) ? scale.to - open : scale.to + open;
}

/** Sets the number. `expects`: those that it may have now; none: whatever it has. */
export async function setNumber(
  book: Book,
  plan: PlanHead,
  replicas: number,
  expects?: readonly number[],
  leaving: readonly PodRef[] = [],
): Promise<void> {
  await clusterActivities(book.identity.target.cluster).writing.scale.executeWithOptions(
    { summary: `scale to ${countOf(replicas, 'pod')}` },
    [
      {
        ...heldRequest(book, plan),
        replicas,
        leaving: leaving.map(({ name, uid }) => ({ name, uid })),
        ...(expects !== undefined && { expects }),
      },
    ],
  );
  book.set((state) => ({ ...state, number: replicas }));
}
