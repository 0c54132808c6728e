import type { Begun, PlannedBatch, PlannedPod, PlannedShape } from '../plan.ts';
import { batchName, batchSizes, gateId, mayFail, slices } from './batching.ts';

/** Where a release stands between two batches. */
export interface Standing {
  readonly shape: PlannedShape;
  /** Batches that have not begun, the gray group among them until it has. */
  readonly ahead: readonly PlannedBatch[];
  readonly begun: Begun;
}

/**
 * The batches that are still to come, when the workload has other pods than were planned: it was scaled, pods died, were
 * born or fell back. Shares are taken of the pods that there are now. Pods that were planned keep their order, others
 * come after them. Pure. `outdated`: all pods that do not have the new version, in the order for new ones.
 * No batch is empty, and all pods are in one: there may be fewer batches than before, never more than the spec names.
 * Where all of those are over, what is left is one batch more, without a gate.
 */
export function replan({ shape, ahead, begun }: Standing, outdated: readonly PlannedPod[]): readonly PlannedBatch[] {
  if (shape.selected) return keptBatches({ shape, ahead, begun }, outdated);
  const now = new Map(outdated.map((pod) => [pod.uid, pod]));
  const first = ahead[0]?.name === 'gray' ? ahead[0] : undefined;
  const stillThere = (batches: readonly PlannedBatch[]): PlannedPod[] =>
    batches.flatMap(({ pods }) => pods.flatMap(({ uid }) => now.get(uid) ?? []));
  const planned = new Set(ahead.flatMap(({ pods }) => pods.map(({ uid }) => uid)));
  const rest = [
    ...stillThere(first === undefined ? ahead : ahead.slice(1)),
    ...outdated.filter(({ uid }) => !planned.has(uid)),
  ];
  if (first === undefined) return dividedBatches(shape, begun, rest);
  const gray = stillThere([first]);
  // The gray group is never empty while there is a pod to change.
  const group = gray.length > 0 ? gray : rest.splice(0, 1);
  const others = dividedBatches(shape, begun, rest);
  return group.length === 0 ? others : [{ ...first, pods: group, mayFail: mayFail(shape, group.length) }, ...others];
}

/**
 * Batches that chose their pods keep those that are still there. Others come with the last batch; where none is left
 * besides gray, they are one batch more, without a gate.
 */
function keptBatches({ shape, ahead, begun }: Standing, outdated: readonly PlannedPod[]): readonly PlannedBatch[] {
  const now = new Map(outdated.map((pod) => [pod.uid, pod]));
  const planned = new Set(ahead.flatMap(({ pods }) => pods.map(({ uid }) => uid)));
  const fresh = outdated.filter(({ uid }) => !planned.has(uid));
  const kept = ahead.map((one) => ({ ...one, pods: one.pods.flatMap(({ uid }) => now.get(uid) ?? []) }));
  const last = kept.findLast(({ name }) => name !== 'gray');
  const joined = kept.map((one) => (one === last ? { ...one, pods: [...one.pods, ...fresh] } : one));
  const isRest = last === undefined && fresh.length > 0;
  const all = isRest ? [...joined, batch(shape, `rest-${begun.batches + 1}`, fresh, false)] : joined;
  const [gray] = all;
  // The gray group is never empty while there is a pod to change.
  const donor = gray?.name === 'gray' && gray.pods.length === 0 ? all.find(({ pods }) => pods.length > 0) : undefined;
  const moved = donor?.pods[0];
  const filled = all.map((one) => {
    if (moved === undefined) return one;
    if (one === gray) return { ...one, pods: [moved] };
    return one === donor ? { ...one, pods: one.pods.slice(1) } : one;
  });
  return filled
    .filter(({ pods }) => pods.length > 0)
    .map((one) => ({ ...one, mayFail: mayFail(shape, one.pods.length) }));
}

function dividedBatches(
  shape: PlannedShape,
  begun: Standing['begun'],
  pods: readonly PlannedPod[],
): readonly PlannedBatch[] {
  if (pods.length === 0) return [];
  const { base = { batches: 0, pods: 0 } } = shape;
  const past = Math.max(0, begun.batches - base.batches);
  let given = Math.max(0, begun.pods - base.pods);
  const sizes = batchSizes(shape.batches, given + pods.length).pods;
  if (past >= sizes.length) return [batch(shape, `rest-${begun.batches + 1}`, pods, false)];
  let upTo = 0;
  const due = sizes.map((size) => {
    upTo += size;
    const more = Math.max(0, upTo - given);
    given += more;
    return more;
  });
  // What the batches that have begun left over falls to those to come.
  const late = due.slice(0, past).reduce((sum, size) => sum + size, 0);
  const coming = due.slice(past).map((size, index) => (index === 0 ? size + late : size));
  return slices(
    pods,
    coming.filter((size) => size > 0),
  ).map((part, index) => batch(shape, batchName(base.batches + past + index), part, true));
}

function batch(shape: PlannedShape, name: string, pods: readonly PlannedPod[], gated: boolean): PlannedBatch {
  const gate = gated ? shape.gate : { bakeMs: 0 };
  return { name, pods, mayFail: mayFail(shape, pods.length), gate: { id: gateId(name), ...gate } };
}
