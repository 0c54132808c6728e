import type { Duration, Quantity } from './quantity.schema.ts';

/** How a percentage and a duration are written; the digits bound a duration to some 27 years: what is longer overflows Temporal's timers. */
export const percentagePattern = /^([1-9]\d?|100)%$/;
export const durationPattern = /^(?=\d)(\d{1,4}d)?(\d{1,5}h)?(\d{1,6}m(?!s))?(\d{1,8}s)?(\d{1,9}ms)?$/;

const unitMilliseconds: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** `duration` (already validated by its schema) in milliseconds. */
export function milliseconds(duration: Duration): number {
  let total = 0;
  for (const [, count, unit] of duration.matchAll(/(\d+)(ms|d|h|m|s)/g)) {
    total += Number(count) * (unitMilliseconds[unit ?? ''] ?? 0);
  }
  return total;
}

/** The exact, unrounded number of pods that `quantity` stands for among `total`. */
export function share(quantity: Quantity, total: number): number {
  return typeof quantity === 'number' ? quantity : (total * Number.parseInt(quantity, 10)) / 100;
}

/** The first `most` of them, and how many more there are: `a, b, c and 2 more`. */
export const someOf = (entries: readonly string[], most = 3, separator = ', '): string =>
  `${entries.slice(0, most).join(separator)}${entries.length > most ? ` and ${entries.length - most} more` : ''}`;

/** `1 pod`, `3 pods`. */
export const countOf = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Milliseconds for people: `0s`, `250ms`, `45s`, `5m`, `1h30m`. */
export function humanDuration(ms: number): string {
  if (ms > 0 && ms < 1000) return `${Math.round(ms)}ms`;
  let seconds = Math.round(ms / 1000);
  let text = '';
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
  ] as const) {
    if (seconds >= size) text += `${Math.floor(seconds / size)}${unit}`;
    seconds %= size;
  }
  return seconds > 0 || text === '' ? `${text}${seconds}s` : text;
}
