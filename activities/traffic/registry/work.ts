import { setTimeout as sleep } from 'node:timers/promises';
import type { Handful } from '../../../workflows/contract/activities/handful.ts';
import type { RegistryRules } from '../../../workflows/contract/registries.schema.ts';
import { emptyHandful, join } from '../../handful.ts';
import type { LivePod, PumpedPod, TrafficDeps } from '../../ports.ts';
import { RegistryFailure } from '../registries/failure.ts';
import type { OpenRegistry } from '../registries/index.ts';
import type { Found, Stand } from '../registries/registry.ts';
import { isStand, trailOf } from './trail.ts';
import type { LeftStand } from './weights.ts';

/** One source of `through` that is a registry, in one activity. */
export interface RegistryWork extends OpenRegistry {
  /** `eureka CHECKOUT at http://…`: its name for people, and in the trail. */
  readonly name: string;
  readonly rules: Pick<RegistryRules, 'callersCache'> &
    Partial<Pick<RegistryRules, 'missing'>> & { readonly service?: string };
  readonly deps: TrafficDeps;
}

const longestPauseMs = 5_000;
/** Between two rounds with the same pods. */
const longestRoundMs = 1_000;

/** How each pod stands; one whose question got no answer is `unanswered`, also where nobody got one. */
export async function lookAt(
  { registry }: RegistryWork,
  pods: readonly LivePod[],
): Promise<ReadonlyMap<string, Found>> {
  if (pods.length === 0) return new Map();
  try {
    return await registry.look(pods);
  } catch (error) {
    if (!(error instanceof RegistryFailure)) throw error;
    return new Map(pods.map(({ name }) => [name, { is: 'unanswered', why: error }]));
  }
}

/** How it stood before a release took it out; undefined: none has. */
export const beforeOf = ({ name, deps }: RegistryWork, pod: LivePod): LeftStand | undefined =>
  trailOf(deps.pods.find(pod) ?? pod.pod, name);

/** How an instance stood when the batch of its pod was looked at. */
export interface Snapshot extends Stand {
  /** Of that pod: one that was born in its place goes on with its snapshot. */
  readonly uid?: string;
}

/** How it stood when its batch was looked at, or the one did that was there before it. */
export function snapshotOf(pod: PumpedPod): Snapshot | undefined {
  const before = pod.before?.[0];
  return isStand(before) ? before : undefined;
}

/** Whether it was born in the place of the pod that was looked at. */
export const isSuccessor = (pod: PumpedPod): boolean => (snapshotOf(pod)?.uid ?? pod.uid) !== pod.uid;

/** Whether the instance of a pod is out by what was left there for the one before it, which nobody else had taken out. */
export function isInherited(pod: PumpedPod, { id, takenOut, left }: Stand): boolean {
  const before = snapshotOf(pod);
  return left === true || (takenOut && isSuccessor(pod) && before?.id === id && !before.takenOut);
}

/** A breath before pods come again: as long as no call is let through, within bounds. */
export async function pause({ closedMs, deps }: RegistryWork, ms: number): Promise<void> {
  await sleep(Math.min(longestPauseMs, Math.max(ms, closedMs())), undefined, { signal: deps.signal });
}

/** How long pods are waited for before they come again, and how long at first between two looks; later up to a second. */
export interface Patience {
  readonly withinMs: number;
  readonly firstPauseMs: number;
}

/** Rounds of `act` with the pods that are not through yet, until none is left or the time is over: those are `later`. */
export async function untilSettled(
  work: RegistryWork,
  pods: readonly PumpedPod[],
  { withinMs, firstPauseMs }: Patience,
  act: (open: readonly PumpedPod[]) => Promise<Handful>,
): Promise<Handful> {
  const untilMs = Date.now() + withinMs;
  let answer: Handful = { ...emptyHandful, later: pods.map(({ name }) => name) };
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestRoundMs)) {
    const open = new Set(answer.later);
    answer = join({ ...answer, later: [] }, await act(pods.filter(({ name }) => open.has(name))));
    if (answer.later.length === 0 || Date.now() + pauseMs > untilMs) return answer;
    await pause(work, pauseMs);
  }
}

/** What is wrong with what was found, for people. */
export function problemOf({ name }: RegistryWork, found: Exclude<Found, { readonly is: 'there' }>): string {
  if (found.is === 'unanswered') return found.why.message.replace(/\.$/, '');
  if (found.is === 'none') return `It has no instance in ${name}`;
  return `It may be any of ${found.ids.length} instances in ${name} (${found.ids.slice(0, 3).join(', ')})`;
}
