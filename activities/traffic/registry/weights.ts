import type { Stand, Weight, Weights } from '../registries/registry.ts';

/** An instance that comes back with less callers at first: in its trail from before that until it has its own weight again. */
export interface Warming {
  /** Its own weight, which it ends at. */
  readonly own: number;
  /** What it is given on the way: another one is somebody else's. */
  readonly given: readonly number[];
}

/** How an instance stood before it was taken out; in the trail. */
export interface LeftStand extends Stand {
  readonly warming?: Warming;
  /** Nobody had registered for the pod yet: it stands as the one before it did, where there was one. Whoever registers is taken out. */
  readonly awaited?: true;
  /** When it was last found to have come back by itself, ISO 8601, before it was taken out again. */
  readonly cameBack?: string;
}

/** With what weight an instance goes back, and, where that is only the first of several, what its trail says before. */
export interface Aim {
  readonly weight: Weight;
  readonly warming?: Warming;
}

/** `share` percent of a weight as the registry can write it: never nothing, never more than all. */
export function weightAt(own: number, share: number, { decimals }: Pick<Weights, 'decimals'>): number {
  const rounded = Number(((own * share) / 100).toFixed(decimals));
  return Math.min(own, Math.max(10 ** -decimals, rounded));
}

/**
 * With what weight an instance goes back that stands as `now`; undefined: with the one that it has. A weight that was not given on the way
 * is its own: somebody has changed it meanwhile, or its new version has another. `shares`: those of a warm-up, percent.
 */
export function aimOf(
  weights: Weights | undefined,
  now: Stand,
  trail: LeftStand,
  shares: readonly number[] = [],
): Aim | undefined {
  const { warming } = trail;
  const own = now.weight === undefined || isGiven(now, trail) ? (warming?.own ?? trail.weight) : now.weight;
  if (weights === undefined || own === undefined) return undefined;
  const steps = shares.map((share) => weightAt(own, share, weights));
  const [first = own] = steps;
  if (first < own) {
    const given = [...new Set([...(warming?.given ?? []), ...steps])];
    return { weight: { is: first, own: false }, warming: { own, given } };
  }
  return warming && { weight: { is: own, own: true } };
}

/** Whether it has a weight on its way to its own one. */
export const isGiven = ({ weight }: Stand, { warming }: LeftStand): boolean =>
  weight !== undefined && (warming?.given.includes(weight) ?? false);

/** Whether somebody else has set its weight since it came back. */
export const isTheirs = (now: Stand, trail: LeftStand): boolean =>
  now.weight !== undefined && now.weight !== trail.warming?.own && !isGiven(now, trail);
