import { besideText, namesOf, switchText } from '../blueGreen/besideText.ts';
import { canaryStep, type PlannedCanary, splitText } from '../contract/canary/plan.ts';
import { countOf } from '../contract/quantity.ts';
import type { ReleaseState } from '../state.ts';

/** The sentence of a status where a canary has other words than a release in batches; undefined where it has not. Pure. */
export function canaryText(state: ReleaseState, canary: PlannedCanary, cause: string): string | undefined {
  const { phase, paused, index, gate } = state;
  const { services, steps } = canary;
  const named = namesOf(state, services);
  if (phase === 'batch') {
    if (paused) return `Paused by ${paused.by}.`;
    return index < steps.length ? `${canaryStep(index)}: ${stepText(state, canary)}.` : switchText(state, named);
  }
  if (phase === 'gate') {
    if (paused || gate === undefined || index >= steps.length || gate.needs !== undefined) return undefined;
    return `Bakes at ${gate.id} until ${gate.bakedAt}: ${stepText(state, canary)}.`;
  }
  if (phase === 'succeeded') return `${named.services} calls ${named.version} alone.`;
  return besideText(state, named, cause);
}

/** `3 pods of v2 beside the old ones, 20% of callers`. */
function stepText({ index, batches, plan }: ReleaseState, { steps }: PlannedCanary): string {
  const there = batches.slice(0, index + 1).flatMap(({ pods }) => pods).length;
  const split = steps[index]?.split;
  const callers = split === undefined ? '' : `, ${splitText(split)} of callers`;
  return `${countOf(there, 'pod')} of ${plan?.change.version ?? 'the new version'} beside the old ones${callers}`;
}
