import type { Handful } from '../../../workflows/contract/activities/handful.ts';
import { humanDuration } from '../../../workflows/contract/quantity.ts';
import { eachPod } from '../../eachPod.ts';
import { handfulOf, join, type Outcome } from '../../handful.ts';
import { KubernetesFailure } from '../../kubernetes/kubernetesFailure.ts';
import { isLeaving, isReady } from '../../kubernetes/podState.ts';
import type { Pod } from '../../kubernetes/wire.ts';
import type { PumpedPod, TrafficRules } from '../../ports.ts';
import { RegistryFailure } from '../registries/failure.ts';
import type { Found } from '../registries/registry.ts';
import { giveUp, isOverdue } from '../rules.ts';
import { readAnew, writeTrail } from './trail.ts';
import type { LeftStand } from './weights.ts';
import {
  beforeOf,
  isInherited,
  isSuccessor,
  lookAt,
  type Patience,
  pause,
  problemOf,
  type RegistryWork,
  type Snapshot,
  snapshotOf,
  untilSettled,
} from './work.ts';

/** Before pods that could not be taken out come again. */
const breathMs = 1_000;
/** The registry shows an instance as out at once, as a rule. Those that take longer come again. */
const patience: Patience = { withinMs: 1_500, firstPauseMs: 50 };

/** Takes the instances out, each after its trail was written; one that was out before is left as it is. */
export async function takeOutOf(work: RegistryWork, pods: readonly PumpedPod[], rules: TrafficRules): Promise<Handful> {
  const found = await lookAt(work, pods);
  const answer = await acting(work, pods, async (pod) => {
    const seen: Found = found.get(pod.name) ?? { is: 'none' };
    const leave = (stand: LeftStand) => writeTrail(work.deps, pod, work.name, beforeOf(work, pod) ?? stand);
    if (isYetToCome(seen, pod)) return leave(awaited(pod));
    if (seen.is !== 'there') return withoutInstance(work, seen, pod, rules);
    const { stand } = seen;
    if (stand.takenOut) return isInherited(pod, stand) ? leave(awaited(pod)) : 'done';
    const written = await leave(stand);
    if (written === 'done') await work.registry.takeOut(stand);
    return written;
  });
  const inTime = overdueOf(answer, pods, rules, 'it could not be taken out');
  if (inTime.later.length === pods.length) await pause(work, breathMs);
  return inTime;
}

/**
 * Nobody finds a pod there that never came so far as to register: one that was just born, or that the release may put right. Whoever
 * registers for it is kept out by its trail. Where a person had taken out the one before it, its snapshot says so.
 */
const isYetToCome = (seen: Found, pod: PumpedPod): boolean =>
  seen.is === 'none' && (!isReady(pod.pod) || isSuccessor(pod)) && snapshotOf(pod)?.takenOut !== true;

function awaited(pod: PumpedPod): LeftStand {
  const { uid: _, ...before }: Snapshot = snapshotOf(pod) ?? { id: '', inTraffic: false, takenOut: false };
  return { ...before, awaited: true };
}

function withoutInstance(
  work: RegistryWork,
  seen: Exclude<Found, { readonly is: 'there' }>,
  pod: PumpedPod,
  rules: TrafficRules,
): Outcome {
  const problem = problemOf(work, seen);
  if (seen.is === 'none') {
    // Nobody finds a pod there that never came so far as to register; it may be the one that the release puts right.
    if (!isReady(pod.pod)) return 'done';
    if (work.rules.missing === 'Skip') return { note: `${problem}: it was changed all the same.` };
  }
  if (!isOverdue(pod, rules.maxDrainMs)) return 'later';
  return giveUp(seen.is === 'unanswered' ? 'DRAIN_TIMEOUT' : 'INSTANCE_NOT_FOUND', problem, rules);
}

/** Sees that the registry shows them out; one that came back by itself is taken out again. */
export async function seeOutOf(work: RegistryWork, pods: readonly PumpedPod[], rules: TrafficRules): Promise<Handful> {
  const answer = await untilSettled(work, pods, patience, (open) => keepOutOf(work, open, noted));
  // Who found it may have died before it was heard.
  const cameBack = pods.filter((pod) => Date.parse(beforeOf(work, pod)?.cameBack ?? '') > Date.parse(pod.since));
  const again = [...new Set([...(answer.again ?? []), ...cameBack.map(({ name }) => name)])];
  return overdueOf({ ...answer, again }, pods, rules, 'it is still in traffic');
}

/**
 * One look at pods that were taken out: whoever is in traffic again (it registered anew) is taken out `again`, and who has taken
 * itself off has its place held. `done`: seen out; `later`: not yet, or nobody knows. `note`: what is done before one is taken
 * out again.
 */
export async function keepOutOf(work: RegistryWork, pods: readonly PumpedPod[], note?: typeof noted): Promise<Handful> {
  const own = pods.filter((pod) => beforeOf(work, pod) !== undefined || snapshotOf(pod)?.takenOut === true);
  const others = pods.filter((pod) => !own.includes(pod));
  const found = await lookAt(work, own);
  const kept = await acting(work, own, async (pod) => {
    const seen: Found = found.get(pod.name) ?? { is: 'none' };
    if (seen.is === 'none') {
      if (seen.place === undefined) await hold(work, pod);
      return 'done';
    }
    if (seen.is !== 'there') return 'later';
    const { stand } = seen;
    if (stand.takenOut && stand.held === undefined) return stand.inTraffic ? 'later' : 'done';
    const like = snapshotOf(pod);
    const trail = await trailAnew(work, pod);
    // Put back meanwhile, and nobody would do so again; or a person took out the one that was there before, and this is another.
    if (trail === undefined && !(like?.takenOut === true && like.id === stand.id)) return 'done';
    if (trail !== undefined && stand.held === undefined) await note?.(work, pod, trail);
    await work.registry.takeOut(stand, like);
    return stand.held === undefined ? 'again' : 'done';
  });
  return join(handfulOf(others.map(({ name }) => [name, 'done'] as const)), kept);
}

/** An API server that is away must not keep it in traffic. */
async function trailAnew(work: RegistryWork, pod: PumpedPod): Promise<LeftStand | undefined> {
  await readAnew(work.deps, pod).catch((error: unknown) => {
    if (!(error instanceof KubernetesFailure)) throw error;
  });
  return beforeOf(work, pod);
}

/** A worker may die before anybody hears that it came back. An API server that is away must not keep it in traffic. */
async function noted(work: RegistryWork, pod: PumpedPod, trail: LeftStand): Promise<void> {
  const cameBack = new Date().toISOString();
  await writeTrail(work.deps, pod, work.name, { ...trail, cameBack }).catch((error: unknown) => {
    if (!(error instanceof KubernetesFailure)) throw error;
  });
}

/**
 * Where it cannot be held, who registers is taken out at the next look. A pod that is no more, or is leaving, does not
 * register anew.
 */
async function hold(work: RegistryWork, pod: PumpedPod): Promise<void> {
  const stand = beforeOf(work, pod) ?? snapshotOf(pod);
  const now = work.deps.pods.find(pod);
  if (stand === undefined || now === undefined || isLeaving(now) || !mayBeAt(stand, now)) return;
  await work.registry.hold?.(stand, { ...pod, pod: now }).catch((error: unknown) => {
    if (!(error instanceof RegistryFailure)) throw error;
  });
}

/** Whoever is awaited may register by another id than the pod before it had. */
const mayBeAt = ({ id, awaited: isAwaited }: LeftStand, { metadata, status }: Pod): boolean =>
  isAwaited !== true || [metadata.name, status?.podIP].some((own) => own !== undefined && names(id, own));

/** Whether an id has a name or an address in it: 10.0.0.12:8080 has not 10.0.0.1. */
const names = (id: string, own: string): boolean =>
  id.split(own).some((after, n, parts) => n > 0 && !/^\w/.test(after) && !/\w$/.test(parts[n - 1] ?? ''));

/** As eachPod, but a registry that answers nobody leaves all of them for later: they must not wait longer than they may. */
async function acting(
  { deps }: RegistryWork,
  pods: readonly PumpedPod[],
  act: (pod: PumpedPod) => Promise<Outcome>,
): Promise<Handful> {
  return eachPod(pods, deps.signal, async (pod) => {
    try {
      return await act(pod);
    } catch (error) {
      if (error instanceof RegistryFailure) return 'later';
      throw error;
    }
  });
}

function overdueOf(answer: Handful, pods: readonly PumpedPod[], rules: TrafficRules, what: string): Handful {
  const later = new Set(answer.later);
  const outcomes = pods
    .filter(({ name }) => later.has(name))
    .map((pod): readonly [string, Outcome] => {
      if (!isOverdue(pod, rules.maxDrainMs)) return [pod.name, 'later'];
      return [pod.name, giveUp('DRAIN_TIMEOUT', `After ${humanDuration(rules.maxDrainMs)} ${what}`, rules)];
    });
  return join({ ...answer, later: [] }, handfulOf(outcomes));
}
