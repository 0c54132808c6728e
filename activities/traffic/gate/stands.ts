import type { Standing } from '../../../workflows/contract/trafficLook.ts';
import { conditionOf, isReady } from '../../kubernetes/podState.ts';
import type { LivePod } from '../../ports.ts';
import { drainReason } from '../drained.ts';

/** How a pod stands by one of its readiness gates. */
export function gateStanding({ pod }: LivePod, gate: string): Standing {
  const condition = conditionOf(pod, gate);
  if (condition === undefined) return { is: 'off', text: 'nobody has set it' };
  const { status, reason, message, lastTransitionTime } = condition;
  const since = lastTransitionTime === undefined ? {} : { since: lastTransitionTime };
  if (status === 'True') return { is: isReady(pod) ? 'in' : 'notReady' };
  if (reason === drainReason) return { is: 'taken', ...since };
  return { is: 'off', text: [reason, message].filter(Boolean).join(': ') || 'it is closed', ...since };
}
