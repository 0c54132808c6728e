import type { Observation, ObservedPod } from '../observation.ts';
import type { Shares } from '../plan.ts';
import type { PodSelect, Quantity, ReleaseSpec } from '../spec.ts';
import { batchSizes, slices } from './batching.ts';
import { nothingSelected, orderOf, requireSelectable, selectedBy } from './gray.ts';
import { inOrder, type PodOrder } from './ordering.ts';

/** The pods of each batch, and what the division comes from. */
export interface Divided {
  /** None empty, no pod in two. */
  readonly batches: readonly (readonly ObservedPod[])[];
  /** Pods of the last batch, where the shares left it over; else 0. */
  readonly leftover: number;
  readonly shares: Shares;
  readonly selected?: true;
}

/** A batch of the spec that is asked for with a choice of pods, or without. */
interface Asked {
  readonly pods?: Quantity | undefined;
  readonly select?: PodSelect;
}

/**
 * Divides `rest`, pods in their order, into batches as the spec says.
 * @throws SPEC_INVALID where a batch selects nothing, or names a pod that is not there
 */
export function dividedPods(
  asked: ReleaseSpec['strategy']['batches'],
  rest: readonly ObservedPod[],
  observation: Observation,
  order: PodOrder,
): Divided {
  const shares = sharesOf(asked);
  if (shares !== undefined) {
    const { pods, leftover } = batchSizes(shares, rest.length);
    return { batches: slices(rest, pods), leftover, shares };
  }
  const entries = Array.isArray(asked)
    ? asked.map((entry) => (typeof entry === 'object' ? entry : { pods: entry }))
    : [];
  const { batches, left } = chosen(entries, rest, observation, order);
  const all = left.length > 0 ? [...batches, left] : batches;
  return { batches: all, leftover: left.length, shares: all.map(({ length }) => length), selected: true };
}

/** The shares alone, where no batch chooses its pods. */
function sharesOf(asked: ReleaseSpec['strategy']['batches']): Shares | undefined {
  if (!Array.isArray(asked)) return asked;
  const shares = asked.filter((entry) => typeof entry !== 'object');
  return shares.length === asked.length ? shares : undefined;
}

/**
 * Each batch takes its share of those that it selects and that are left, in their order. One that selects nothing itself
 * takes those first that no later one selects. Shares are of all of `rest`, rounded as they add up.
 */
function chosen(entries: readonly Asked[], rest: readonly ObservedPod[], observation: Observation, order: PodOrder) {
  const batches: ObservedPod[][] = [];
  let left = [...rest];
  let [counts, percent, given] = [0, 0, 0];
  for (const [index, { pods, select }] of entries.entries()) {
    if (rest.length === 0) break;
    if (typeof pods === 'number') counts += pods;
    else if (pods !== undefined) percent += Number.parseInt(pods, 10);
    const upTo = Math.max(given + 1, counts + Math.round((rest.length * percent) / 100));
    const size = pods === undefined || select?.names !== undefined ? Number.POSITIVE_INFINITY : upTo - given;
    if (pods !== undefined) given = upTo;
    const from =
      select === undefined
        ? unwanted(left, entries.slice(index + 1))
        : selected(index, select, left, observation, order);
    const taken = from.slice(0, size);
    const gone = new Set(taken);
    left = left.filter((pod) => !gone.has(pod));
    if (taken.length > 0) batches.push(taken);
  }
  return { batches, left };
}

function selected(
  index: number,
  select: PodSelect,
  left: readonly ObservedPod[],
  observation: Observation,
  order: PodOrder,
): readonly ObservedPod[] {
  const field = `strategy.batches[${index}].select`;
  requireSelectable(field, select, observation);
  const found = left.filter(selectedBy(select));
  if (found.length > 0) return inOrder(found, orderOf(select, order));
  throw nothingSelected(field, select, observation, true);
}

/** Those that no later batch selects first. */
function unwanted(left: readonly ObservedPod[], later: readonly Asked[]): readonly ObservedPod[] {
  // One that asks for an order alone does not want any pod more than another.
  const wanted = later.flatMap(({ select }) => (select && hasConditions(select) ? [selectedBy(select)] : []));
  const isWanted = (pod: ObservedPod): boolean => wanted.some((meets) => meets(pod));
  return [...left.filter((pod) => !isWanted(pod)), ...left.filter(isWanted)];
}

const hasConditions = ({ names, labels, nodes }: PodSelect): boolean => [names, labels, nodes].some(Boolean);
