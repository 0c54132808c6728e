import { anewFrom, type Plan, type PlannedChange, type PlanWarning } from '../plan.ts';
import { humanDuration } from '../quantity.ts';
import type { ReleaseSpec } from '../spec.ts';
import type { TrafficSource } from '../traffic.schema.ts';
import { hasWeights, sourceText } from '../traffic.ts';
import { warmUpOf, warmUpText } from '../warmUp.ts';
import { warn } from '../warn.ts';

type Warming = Pick<Plan, 'change' | 'warmUpMs' | 'warmUpWeights' | 'traffic'>;

/** Weights in steps, where a way out of traffic has weights and the instances are those that were taken out. */
export function plannedWeights(
  { warmUp }: ReleaseSpec['strategy'],
  through: readonly TrafficSource[],
  change: PlannedChange,
): Pick<Plan, 'warmUpWeights'> {
  const { weights } = warmUp === undefined ? { weights: [] } : warmUpOf(warmUp);
  const can = anewFrom(change) === undefined && through.some(hasWeights);
  return can && weights.length > 0 ? { warmUpWeights: weights } : {};
}

/** What is written meanwhile, one sentence for each registry. */
export const warmUpWrites = ({ warmUpMs = 0, warmUpWeights, traffic }: Omit<Warming, 'change'>): readonly string[] =>
  warmUpWeights === undefined
    ? []
    : traffic.through
        .filter(hasWeights)
        .map(
          (source) =>
            `Put each pod back into ${sourceText(source)} with less callers at first: for ${warmUpText(warmUpMs, warmUpWeights)}, then with all of it, as before.`,
        );

/** Ways into traffic where the weights that are asked for are a pause. */
export function warmUpWarnings(
  { change, warmUpMs = 0, traffic: { through } }: Warming,
  { strategy: { warmUp } }: Pick<ReleaseSpec, 'strategy'>,
): PlanWarning[] {
  if (warmUp === undefined || warmUpOf(warmUp).weights.length === 0) return [];
  const pause = `only the place of a pod that is back is kept for ${humanDuration(warmUpMs)}`;
  if (anewFrom(change) !== undefined) {
    return warn(
      true,
      'NO_WEIGHTS',
      `strategy.warmUp.weights do not count where pods are made anew, which register themselves with all their weight: ${pause}.`,
    );
  }
  const without = through.filter((source) => !hasWeights(source)).map(sourceText);
  return [
    ...warn(
      through.length === 0,
      'NO_WEIGHTS',
      `strategy.warmUp.weights do not count without a registry in traffic.through that has weights: ${pause}.`,
    ),
    ...warn(
      without.length > 0,
      'NO_WEIGHTS',
      `No weights in ${without.join(', ')}: a pod that is back gets all its callers there at once, and ${pause}.`,
    ),
  ];
}
