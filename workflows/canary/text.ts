import { canaryStep, type PlannedCanary, splitText } from '../contract/canary/plan.ts';
import { countOf } from '../contract/quantity.ts';
import type { ReleaseState } from '../state.ts';

/** The sentence of a status where a canary has other words than a release in batches; undefined where it has not. Pure. */
export function canaryText(state: ReleaseState, canary: PlannedCanary, cause: string): string | undefined {
  const { phase, paused, index, batches, plan, gate } = state;
  const { version = 'the new version', fromVersion = 'the old version' } = plan?.change ?? {};
  const { services, steps } = canary;
  const named = `Service ${services.join(', ')}`;
  switch (phase) {
    case 'acquiring':
      return `Taking hold of the workload, and keeping ${named} at the old pods.`;
    case 'batch':
      if (paused) return `Paused by ${paused.by}.`;
      if (index < steps.length) return `${canaryStep(index)}: ${stepText(state, canary)}.`;
      return batches[index]?.state === 'running'
        ? `${named} calls ${version}; waiting for silence at the old pods.`
        : `Switching ${named} to ${version}.`;
    case 'gate':
      if (paused || gate === undefined || index >= steps.length || gate.needs !== undefined) return undefined;
      return `Bakes at ${gate.id} until ${gate.bakedAt}: ${stepText(state, canary)}.`;
    case 'committing':
      return 'Making the new pods the workload’s own; the old ones go.';
    case 'succeeded':
      return `${named} calls ${version} alone.`;
    case 'rolledBack':
      return `Back to ${fromVersion}${cause}`;
    case 'handedOver':
      return 'Ended with what somebody else made of the workload; its own controller rolls that out.';
    case 'planning':
    case 'pulling':
    case 'held':
    case 'rollingBack':
    case 'superseded':
    case 'failed':
      return undefined;
  }
}

/** `3 pods of v2 beside the old ones, 20% of callers`. */
function stepText({ index, batches, plan }: ReleaseState, { steps }: PlannedCanary): string {
  const there = batches.slice(0, index + 1).flatMap(({ pods }) => pods).length;
  const split = steps[index]?.split;
  const callers = split === undefined ? '' : `, ${splitText(split)} of callers`;
  return `${countOf(there, 'pod')} of ${plan?.change.version ?? 'the new version'} beside the old ones${callers}`;
}
