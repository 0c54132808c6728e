import { greenOf } from '../blueGreen/share.ts';
import type { ReleaseSpec } from '../spec.ts';
import type { CanaryStep, Split } from './plan.ts';

type Asked = NonNullable<ReleaseSpec['strategy']['canary']>;

/**
 * The steps of the spec with everything said: neither pods nor weights fall, and the last one has all pods, and with a route all
 * callers. Pure. `replicas`: as the workload has now.
 */
export function canarySteps({ steps, route }: Asked, replicas: number): readonly CanaryStep[] {
  const planned: CanaryStep[] = [];
  let last: CanaryStep & { readonly split: Split } = { pods: 1, split: { weight: 0 } };
  for (const { pods, weight = last.split.weight, match = last.split.match } of steps) {
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
