import type { Handful } from '../../../workflows/contract/activities/handful.ts';
import { humanDuration } from '../../../workflows/contract/quantity.ts';
import { eachPod } from '../../eachPod.ts';
import type { Outcome } from '../../handful.ts';
import type { PumpedPod, TrafficRules } from '../../ports.ts';
import { isOfPod } from '../registries/failure.ts';
import type { Found, Weights } from '../registries/registry.ts';
import { isOverdue } from '../rules.ts';
import { writeTrail } from './trail.ts';
import { isTheirs, weightAt } from './weights.ts';
import { beforeOf, lookAt, type Patience, problemOf, type RegistryWork, untilSettled } from './work.ts';

/** The registry shows a weight at once, as a rule. Those that take longer come again. */
const patience: Patience = { withinMs: 5_000, firstPauseMs: 100 };

/**
 * Gives each pod that came back with less callers the share of its weight that is due. `done`: it is seen to have that. With all of it
 * its trail goes. Whose weight somebody else has set is left with that one.
 */
export async function warmIn(
  work: RegistryWork,
  weights: Weights,
  pods: readonly PumpedPod[],
  rules: TrafficRules,
): Promise<Handful> {
  return untilSettled(work, pods, patience, async (open) => {
    const warming = open.filter((pod) => beforeOf(work, pod)?.warming !== undefined);
    const found = await lookAt(work, warming);
    return eachPod(open, work.deps.signal, (pod) => warmOne(work, weights, pod, found.get(pod.name), rules));
  });
}

async function warmOne(
  work: RegistryWork,
  weights: Weights,
  pod: PumpedPod,
  seen: Found = { is: 'none' },
  { warmUp, readyTimeoutMs }: TrafficRules,
): Promise<Outcome> {
  const trail = beforeOf(work, pod);
  if (trail?.warming === undefined) return 'done';
  const last = pod.share === undefined;
  if (seen.is !== 'there') {
    if (seen.is === 'unanswered' && !isOfPod(seen.why)) throw seen.why;
    if (!last) return 'done';
    const limitMs = (warmUp?.forMs ?? 0) + readyTimeoutMs;
    const reason = `${humanDuration(limitMs)} after it was back in traffic it has not all of its weight: ${problemOf(work, seen)}`;
    return isOverdue(pod, limitMs) ? { code: 'POD_FAILED', reason } : 'later';
  }
  const { stand } = seen;
  const { own } = trail.warming;
  const over = async (told: string): Promise<Outcome> => {
    const written = await writeTrail(work.deps, pod, work.name, null);
    return written === 'done' ? { note: told } : written;
  };
  if (isTheirs(stand, trail)) {
    return over(
      `Somebody else has set its weight in ${work.name} to ${stand.weight} while it warmed up: it was left so.`,
    );
  }
  if (stand.takenOut) {
    await weights.set(stand, { is: own, own: true });
    return over(
      `Somebody else has taken it out of ${work.name} while it warmed up: it was left so, with its own weight.`,
    );
  }
  const due = { is: pod.share === undefined ? own : weightAt(own, pod.share, weights), own: last };
  if (stand.weight === due.is) return last ? writeTrail(work.deps, pod, work.name, null) : 'done';
  await weights.set(stand, due);
  // Seen at the next look.
  return 'later';
}
