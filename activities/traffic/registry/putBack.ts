import type { Handful } from '../../../workflows/contract/activities/handful.ts';
import { humanDuration } from '../../../workflows/contract/quantity.ts';
import { eachPod } from '../../eachPod.ts';
import type { Outcome } from '../../handful.ts';
import { isLeaving, isReady } from '../../kubernetes/podState.ts';
import type { LivePod, PumpedPod, TrafficRules } from '../../ports.ts';
import { isOfPod, RegistryFailure } from '../registries/failure.ts';
import type { Found, Stand } from '../registries/registry.ts';
import { isOverdue } from '../rules.ts';
import { readAnew, writeTrail } from './trail.ts';
import { type Aim, aimOf, isGiven, type LeftStand } from './weights.ts';
import {
  beforeOf,
  isInherited,
  lookAt,
  type Patience,
  pause,
  problemOf,
  type RegistryWork,
  snapshotOf,
  untilSettled,
} from './work.ts';

/** An application registers when it has started. Those that take longer come again. */
const patience: Patience = { withinMs: 5_000, firstPauseMs: 100 };
/** Of one pod, at the end. */
const tries = 5;

/**
 * Puts the instances back as they stood before, and sees them in traffic. One that a person had taken out is out
 * again; one that the release did not take out is only waited for.
 */
export async function putBackInto(
  work: RegistryWork,
  pods: readonly PumpedPod[],
  rules: TrafficRules,
): Promise<Handful> {
  return untilSettled(work, pods, patience, async (open) => {
    const found = await lookAt(work, open);
    return eachPod(open, work.deps.signal, async (pod): Promise<Outcome> => {
      const seen: Found = found.get(pod.name) ?? { is: 'none' };
      if (seen.is === 'unanswered' && !isOfPod(seen.why)) {
        if (beforeOf(work, pod) !== undefined) throw seen.why;
        // Nothing of ours is to be undone: it need not be waited for as long as it takes.
        return isOverdue(pod, rules.readyTimeoutMs) ? { note: `Not seen in traffic: ${seen.why.message}` } : 'later';
      }
      return comeBack(work, pod, seen, rules);
    });
  });
}

async function comeBack(work: RegistryWork, pod: PumpedPod, seen: Found, rules: TrafficRules): Promise<Outcome> {
  const now = work.deps.pods.find(pod) ?? pod.pod;
  // Callers would be sent to one that ends: see leaveNobodyOut.
  if (isLeaving(now)) return 'gone';
  const isTakenOut = seen.is === 'there' && seen.stand.takenOut;
  // Another worker may have taken it out: its trail is on the pod, but perhaps not in this watch.
  if (isTakenOut && beforeOf(work, pod) === undefined) await readAnew(work.deps, pod);
  const trail = beforeOf(work, pod);
  const before = trail ?? snapshotOf(pod);
  if (before === undefined) return 'done';
  const needed = before.inTraffic && (!rules.undo || isReady(now));
  const late = (what: string): Outcome =>
    isOverdue(pod, rules.readyTimeoutMs)
      ? { code: 'POD_FAILED', reason: `After ${humanDuration(rules.readyTimeoutMs)} back in traffic: ${what}` }
      : 'later';
  if (seen.is !== 'there') {
    if (needed || seen.is !== 'none') return late(problemOf(work, seen));
    if (trail !== undefined) await forget(work, seen, trail);
    return writeTrail(work.deps, pod, work.name, null);
  }
  const { stand } = seen;
  const back = async (aim?: Aim): Promise<Outcome> => {
    try {
      await bringBack(work, stand, before, aim);
    } catch (error) {
      if (isOfPod(error)) return late(error.message.replace(/\.$/, ''));
      throw error;
    }
    // Seen at the next look; one that waited for the server must not be late for it.
    return 'later';
  };
  if (trail === undefined) {
    if (isInherited(pod, stand)) return back();
    if (before.takenOut && stand.id === before.id && !stand.takenOut) await work.registry.takeOut(stand, before);
    if (before.takenOut || stand.takenOut || !needed || stand.inTraffic) return 'done';
    return late(`${work.name} sends no callers to ${stand.id}`);
  }
  const aim = aimOf(work.registry.weights, stand, trail, needed ? rules.warmUp?.weights : []);
  const isOut = stand.takenOut || stand.left === true;
  const isIn = !isOut && (stand.inTraffic || !needed);
  const hasWeight =
    aim === undefined || stand.weight === aim.weight.is || (aim.warming !== undefined && isGiven(stand, trail));
  // The trail of one that warms up stays until it has its own weight.
  if (isIn && hasWeight) return aim?.warming === undefined ? writeTrail(work.deps, pod, work.name, null) : 'done';
  if (!isIn && !isOut) return late(`${work.name} sends no callers to ${stand.id}`);
  if (aim?.warming !== undefined) {
    const written = await writeTrail(work.deps, pod, work.name, { ...trail, warming: aim.warming });
    if (written !== 'done') return written;
  }
  return back(aim);
}

/** The one write that an instance which is out, or has not the weight that it shall have, needs. */
async function bringBack({ registry }: RegistryWork, now: Stand, before: Stand, aim: Aim | undefined): Promise<void> {
  if (now.takenOut || now.left === true) await registry.putBack(now, before, aim?.weight);
  else if (aim !== undefined && aim.weight.is !== now.weight) await registry.weights?.set(now, aim.weight);
}

/**
 * Puts back everybody whom a release of this workload took out and left out; asks nothing where there is nobody. A pod that
 * does not come back by itself is left to the next release, which finds its trail. One that is leaving stays out as long as it is
 * registered: callers would be sent to it until it ends.
 */
export async function leaveNobodyOut(work: RegistryWork): Promise<void> {
  let left = work.deps.pods.all().flatMap((pod): readonly LeftOut[] => {
    const live = { name: pod.metadata.name, uid: pod.metadata.uid, pod };
    const before = beforeOf(work, live);
    return before === undefined ? [] : [{ ...live, before }];
  });
  for (let tried = 1; ; tried += 1) {
    const found = await lookAt(work, left);
    const still: LeftOut[] = [];
    for (const pod of left) {
      try {
        if (!(await leaveOneIn(work, pod, found.get(pod.name)))) still.push(pod);
      } catch (error) {
        if (!isOfPod(error)) throw error;
        still.push(pod);
      }
    }
    if (still.length === 0 || tried === tries) return;
    left = still;
    await pause(work, tried * 1_000);
  }
}

/** Removes what was left for pods that are no more; the next release of the workload sees to it where the registry is away. */
export async function tidyUp({ deps, registry }: RegistryWork): Promise<void> {
  const pods = deps.pods.all().map((pod): LivePod => ({ name: pod.metadata.name, uid: pod.metadata.uid, pod }));
  await registry.tidy?.(pods).catch((error: unknown) => {
    if (!(error instanceof RegistryFailure)) throw error;
  });
}

/** One that is not there may come late or never: whoever does is in traffic. */
async function forget(
  { registry }: RegistryWork,
  { place }: Extract<Found, { readonly is: 'none' }>,
  before: Stand,
): Promise<void> {
  if (place !== undefined) await registry.putBack(place, before);
  if (before.id !== '') await registry.forget?.(before);
}

interface LeftOut extends LivePod {
  readonly before: LeftStand;
}

/** Whether that is all: of one that ends, what would keep out the next one that registers so can go only when it is not registered any more. */
async function leaveOneIn(work: RegistryWork, pod: LeftOut, seen: Found = { is: 'none' }): Promise<boolean> {
  if (seen.is === 'none') await forget(work, seen, pod.before);
  else if (await isEnding(work, pod)) return work.registry.forget === undefined;
  else if (seen.is === 'unanswered') throw seen.why;
  else if (seen.is === 'several') return true;
  else await bringBack(work, seen.stand, pod.before, aimOf(work.registry.weights, seen.stand, pod.before));
  await writeTrail(work.deps, pod, work.name, null);
  return true;
}

async function isEnding({ deps }: RegistryWork, pod: LeftOut): Promise<boolean> {
  const known = deps.pods.find(pod);
  const now = known === undefined || isLeaving(known) ? known : await readAnew(deps, pod);
  return now === undefined || isLeaving(now);
}
