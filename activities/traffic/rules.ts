import type { ErrorCode } from '../../workflows/contract/errors.ts';
import type { Outcome } from '../handful.ts';
import type { PumpedPod, TrafficRules } from '../ports.ts';

/** Whether the pod has been in this stage for longer than `limitMs`. */
export const isOverdue = ({ since }: PumpedPod, limitMs: number): boolean => Date.now() >= Date.parse(since) + limitMs;

/**
 * A pod that does not get out of traffic. A rollback goes on all the same, and so does a time-out where the spec says
 * `Continue`: then people are told. Else it has failed, and the caller puts it back.
 */
export function giveUp(code: ErrorCode, reason: string, { undo, onDrainTimeout }: TrafficRules): Outcome {
  const goesOn = undo || (code === 'DRAIN_TIMEOUT' && onDrainTimeout === 'Continue');
  return goesOn ? { note: `${reason}. It was changed all the same.` } : { code, reason };
}
