import { humanDuration, milliseconds } from './quantity.ts';
import type { ReleaseSpec } from './spec.ts';

/** How a pod that is back in traffic gets its callers little by little. */
export interface WarmUp {
  readonly forMs: number;
  /** Shares of the weight that an instance has in its registry, percent, rising; each for as long as the others, then all of it. */
  readonly weights: readonly number[];
}

/** `strategy.warmUp` as it may be written: a time alone has no weights. */
export function warmUpOf(warmUp: NonNullable<ReleaseSpec['strategy']['warmUp']>): WarmUp {
  if (typeof warmUp === 'string') return { forMs: milliseconds(warmUp), weights: [] };
  return { forMs: milliseconds(warmUp.for), weights: warmUp.weights.map((share) => Number.parseInt(share, 10)) };
}

/** When a pod that came back at `sinceMs` gets its next share, ms since 1970; after the last one: when it got that. */
export function nextStepMs({ forMs, weights }: WarmUp, sinceMs: number, nowMs: number): number {
  const stepMs = forMs / weights.length;
  return Math.ceil(Math.min(sinceMs + (stepsOver(weights, stepMs, sinceMs, nowMs) + 1) * stepMs, sinceMs + forMs));
}

/** The share that is due, percent; undefined: all of it. */
export const shareAt = ({ forMs, weights }: WarmUp, sinceMs: number, nowMs: number): number | undefined =>
  weights[stepsOver(weights, forMs / weights.length, sinceMs, nowMs)];

function stepsOver(weights: readonly number[], stepMs: number, sinceMs: number, nowMs: number): number {
  return Math.max(0, Math.min(weights.length, Math.floor((nowMs - sinceMs) / stepMs)));
}

/** For people: `30s`, `2m, at 10% and 50% of its own weight`. */
export function warmUpText(forMs: number, weights: readonly number[] = []): string {
  if (weights.length === 0) return humanDuration(forMs);
  const shares = weights.map((share) => `${share}%`);
  const [last, ...first] = shares.toReversed();
  return `${humanDuration(forMs)}, at ${[...(first.length > 0 ? [first.toReversed().join(', ')] : []), last].join(' and ')} of its own weight`;
}
