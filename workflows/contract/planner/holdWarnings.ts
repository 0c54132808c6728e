import { workloadName } from '../names.ts';
import type { Findings, Observation } from '../observation.ts';
import type { PlanWarning } from '../plan.ts';
import { warn } from '../warn.ts';

/** What there is to know of a workload that is held for a while and whose pods do not change: a scale, a drain. */
export function holdWarnings({
  target,
  paused,
  leftHeld,
  findings: { unrecorded = [] },
}: Pick<Observation, 'target' | 'paused' | 'leftHeld'> & {
  readonly findings: Pick<Findings, 'unrecorded'>;
}): readonly PlanWarning[] {
  const name = workloadName(target);
  return [
    ...warn(
      leftHeld,
      'LEFT_HELD',
      `A release of ${name} whose workflow was terminated still holds it; this takes over what it left.`,
    ),
    ...warn(
      unrecorded.length > 0,
      'NO_RECORD',
      `The worker may not ${unrecorded.join(', ')}: \`sluice history\` forgets this when Temporal does.`,
    ),
    ...warn(paused, 'PAUSED_ALREADY', `${name} is paused already, not by Sluice; it stays paused afterwards.`),
  ];
}
