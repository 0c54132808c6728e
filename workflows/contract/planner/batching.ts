import type { PlannedShape, Shares } from '../plan.ts';
import { share } from '../quantity.ts';
import type { Quantity } from '../spec.ts';

export interface BatchSizes {
  /** Pods of each batch, none 0; their sum is the number of pods. */
  readonly pods: readonly number[];
  /** Pods of the last batch, where the shares left it over; else 0. */
  readonly leftover: number;
}

/** Divides `count` pods into batches, as the spec says. There are fewer batches where there are fewer pods. */
export function batchSizes(batches: Shares, count: number): BatchSizes {
  const pods = 'count' in batches ? evenly(batches.count, count) : shares(batches, count);
  const leftover = count - pods.reduce((sum, size) => sum + size, 0);
  return { pods: leftover > 0 ? [...pods, leftover] : pods, leftover };
}

/**
 * Shares are rounded as they add up, so that the sum is right. Each batch has at least one pod while there are any:
 * else a first batch of 1% would vanish, and the large one after it would be the first.
 */
function shares(batches: readonly Quantity[], count: number): number[] {
  const sizes: number[] = [];
  let pods = 0;
  let percent = 0;
  let given = 0;
  for (const batch of batches) {
    if (typeof batch === 'number') pods += batch;
    else percent += Number.parseInt(batch, 10);
    const upTo = Math.min(count, Math.max(given + 1, pods + Math.round((count * percent) / 100)));
    if (upTo > given) sizes.push(upTo - given);
    given = upTo;
  }
  return sizes;
}

function evenly(batches: number, count: number): number[] {
  const size = Math.floor(count / batches);
  const larger = count % batches;
  return Array.from({ length: batches }, (_, index) => (index < batches - larger ? size : size + 1)).filter(
    (pods) => pods > 0,
  );
}

/** Name of the batch at `index`, from 0; the gray group has its own. */
export const batchName = (index: number): string => `batch-${index + 1}`;

/** The gate after a batch. */
export const gateId = (batch: string): string => `after-${batch}`;

/** How many of `replicas` pods may be out of service at once: at least 1. */
export const unavailable = ({ maxUnavailable }: Pick<PlannedShape, 'maxUnavailable'>, replicas: number): number =>
  Math.max(1, Math.min(Math.floor(share(maxUnavailable, replicas)), replicas));

/** How many newborns may stand beside `replicas` pods: at least 1. */
export const surplus = (maxSurge: Quantity, replicas: number): number =>
  Math.max(1, Math.min(Math.ceil(share(maxSurge, replicas)), replicas));

/** How many of a batch of `pods` may fail. */
export const mayFail = ({ failureThreshold }: Pick<PlannedShape, 'failureThreshold'>, pods: number): number =>
  failureThreshold === undefined ? 0 : Math.min(pods, Math.floor(share(failureThreshold, pods)));

/** `entries` cut into parts of these sizes. */
export function slices<T>(entries: readonly T[], sizes: readonly number[]): T[][] {
  let from = 0;
  return sizes.map((size) => {
    from += size;
    return entries.slice(from - size, from);
  });
}
