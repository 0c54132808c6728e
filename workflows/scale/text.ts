import { countOf } from '../contract/quantity.ts';
import { goesUp, type PlannedScale } from '../contract/scale/plan.ts';
import type { ReleaseState } from '../state.ts';

/** The sentence of a status where a scale has other words than a release; undefined where it has not. Pure. */
export function scaleText(state: ReleaseState, scale: PlannedScale, cause: string): string | undefined {
  const { phase, paused, index, batches, number = scale.from } = state;
  const { name = '', pods = [] } = batches[index] ?? {};
  switch (phase) {
    case 'acquiring':
      return 'Taking hold of the workload, and of whoever else sets its number.';
    case 'batch':
      if (paused) return `Paused in ${name} by ${paused.by}; pods in flight finish.`;
      return goesUp(scale)
        ? `Adding ${countOf(pods.length, 'pod')} (${name}), which must get ready; it is asked for ${number}.`
        : `Taking ${countOf(pods.length, 'pod')} away (${name}); it is asked for ${number}.`;
    case 'committing':
      return 'Giving the workload back.';
    case 'succeeded':
      return `Scaled from ${scale.from} to ${countOf(scale.to, 'pod')}.`;
    case 'rolledBack':
      return `Back to ${countOf(scale.from, 'pod')}${cause}`;
    case 'handedOver':
      return 'Ended with the number of pods that somebody else set.';
    case 'planning':
    case 'pulling':
    case 'gate':
    case 'held':
    case 'manual':
    case 'rollingBack':
    case 'superseded':
    case 'failed':
      return undefined;
  }
}
