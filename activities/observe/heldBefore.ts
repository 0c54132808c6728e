import type { Observation } from '../../workflows/contract/observation.ts';
import type { ObservedWorkload } from '../ports.ts';

/** Whose hands a workload is in before a plan, and the gates of its pods. */
export const heldBefore = ({
  paused,
  holder,
  template,
}: Pick<ObservedWorkload, 'paused' | 'holder' | 'template'>): Pick<
  Observation,
  'paused' | 'leftHeld' | 'readinessGates'
> => ({
  // What a release that was terminated left behind is not the state that people gave it.
  paused: paused && holder === undefined,
  leftHeld: holder !== undefined,
  readinessGates: (template.spec?.readinessGates ?? []).map(({ conditionType }) => conditionType),
});
