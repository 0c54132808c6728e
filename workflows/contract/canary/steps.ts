import { greenOf } from '../blueGreen/share.ts';
import type { Quantity } from '../quantity.schema.ts';
import type { CanaryStep, Split } from './plan.ts';

/** What the spec says of a step; see canarySchema. */
interface FullStep {
  readonly pods?: Quantity | undefined;
  readonly weight?: number | undefined;
  readonly match?: Split['match'] | undefined;
}

/** The part of the spec that says them. */
export interface AskedSteps {
  readonly steps: readonly (Quantity | FullStep)[];
  readonly route?: object | undefined;
}

/** A share alone: with a route so many callers, else so many pods. */
export function stepOf(step: Quantity | FullStep, routed: boolean): FullStep {
  if (typeof step === 'object') return step;
  return routed && typeof step === 'string' ? { weight: Number.parseInt(step, 10) } : { pods: step };
}

/**
 * The steps of the spec with everything said: neither pods nor weights fall, and the last one has all pods, and with a route all
 * callers. Pure. `replicas`: as the workload has now; `after`: the step that has been taken last.
 */
export function canarySteps(
  { steps, route }: AskedSteps,
  replicas: number,
  after: CanaryStep = { pods: 1 },
): readonly CanaryStep[] {
  const planned: CanaryStep[] = [];
  let last: CanaryStep & { readonly split: Split } = { pods: after.pods, split: after.split ?? { weight: 0 } };
  for (const step of steps) {
    const { pods, weight = last.split.weight, match = last.split.match } = stepOf(step, route !== undefined);
    const asked = pods ?? (weight > 0 ? `${weight}%` : last.pods);
    last = {
      pods: greenOf(replicas, asked) < greenOf(replicas, last.pods) ? last.pods : asked,
      split: { weight, ...(match && { match }) },
    };
    planned.push(last);
  }
  if (greenOf(replicas, last.pods) < replicas) planned.push({ pods: '100%', split: { ...last.split, weight: 100 } });
  return route === undefined ? planned.map(({ pods }) => ({ pods })) : planned;
}
