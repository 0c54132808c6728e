import type { PodRef } from '../plan.ts';
import { inOrder, type PodOrder } from '../planner/ordering.ts';
import type { ScalePod } from './observation.ts';

/**
 * All `pods` in the order in which they go: by the rank that their controller gives them, or others would go than are
 * named; within a rank those that are planned, in their order; then the lower pod-deletion-cost; then as `order` says. Pure.
 */
export function leavingOrder(
  pods: readonly ScalePod[],
  order: PodOrder,
  planned: readonly Pick<PodRef, 'uid'>[] = [],
): readonly ScalePod[] {
  const place = new Map(planned.map(({ uid }, at) => [uid, at]));
  const placeOf = ({ uid }: ScalePod): number => place.get(uid) ?? planned.length;
  const sorted = inOrder(pods, order);
  return (sorted as readonly ScalePod[]).toSorted(
    (a, b) => a.rank - b.rank || placeOf(a) - placeOf(b) || costOf(a, place) - costOf(b, place),
  );
}

/** What is planned has its place already. */
const costOf = ({ uid, cost }: ScalePod, place: ReadonlyMap<string, number>): number => (place.has(uid) ? 0 : cost);

/** A pod that its controller would take before one of the `chosen`, and the one that would stay for it. Pure. */
export function overtaken<P extends Pick<ScalePod, 'uid' | 'rank'>>(
  pods: readonly P[],
  chosen: readonly P[],
): { readonly first: P; readonly chosen: P } | undefined {
  const last = chosen.toSorted((a, b) => b.rank - a.rank)[0];
  const among = new Set(chosen.map(({ uid }) => uid));
  const [first] = pods
    .filter(({ uid, rank }) => !among.has(uid) && last !== undefined && rank < last.rank)
    .toSorted((a, b) => a.rank - b.rank);
  return first === undefined || last === undefined ? undefined : { first, chosen: last };
}
