import type { Quantity } from './quantity.schema.ts';
import { share } from './quantity.ts';

/** Size of the gray group: a percentage rounds up; at least one pod, at most all. */
export const graySize = (asked: Quantity, total: number): number =>
  Math.min(total, Math.max(1, Math.ceil(share(asked, total))));

/** Pods that may be out of service at once: a percentage rounds down; at least one, at most all. */
export const unavailable = (asked: Quantity, total: number): number =>
  Math.min(total, Math.max(1, Math.floor(share(asked, total))));

export interface Sizes {
  /** None is zero; they add up to the pods given. */
  readonly sizes: readonly number[];
  /** Pods that the spec's batches left over: they are the last batch. */
  readonly leftover: number;
}

/**
 * Sizes of the batches for `total` pods. Shares are rounded cumulatively, so that errors do not add up and the sum is
 * exact; a batch that comes out empty is left out. `{count}` splits evenly, the remainder goes to the later batches.
 */
export function batchSizes(asked: readonly Quantity[] | { readonly count: number }, total: number): Sizes {
  const shares = 'count' in asked ? evenly(asked.count, total) : asked.map((quantity) => share(quantity, total));
  const sizes: number[] = [];
  let exact = 0;
  let reached = 0;
  for (const one of shares) {
    exact += one;
    // Sums of hundredths are not exact in binary: 20% + 30% + 50% must reach the end.
    const end = Math.min(total, Math.round(exact + 1e-9));
    if (end > reached) sizes.push(end - reached);
    reached = Math.max(reached, end);
  }
  const leftover = total - reached;
  return { sizes: leftover > 0 ? [...sizes, leftover] : sizes, leftover };
}

function evenly(count: number, total: number): number[] {
  const small = Math.floor(total / count);
  const larger = total % count;
  return Array.from({ length: count }, (_, index) => (index >= count - larger ? small + 1 : small));
}
