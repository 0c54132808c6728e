import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Handful } from '../../workflows/contract/activities/handful.ts';
import { humanDuration, milliseconds } from '../../workflows/contract/quantity.ts';
import { handfulOf, type Outcome } from '../handful.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { PumpedPod, TrafficRules } from '../ports.ts';
import { createSlots } from '../slots.ts';
import { createDescribe, type FirstSeen, firstSeen } from './callers.ts';
import type { Look } from './look.ts';
import { measure } from './measure.ts';
import { nextWindow, type QuietWindow } from './quiet.ts';
import { giveUp } from './rules.ts';
import type { Sight } from './sight.ts';

/** Looks under way at once. */
const concurrency = 16;
/** Once a pod is silent its neighbours get this long to come along. */
const lingerMs = 300;
/** Between two looks: a quarter of the quiet window, within these bounds. */
const shortestMs = 100;
const longestMs = 2_000;
/** After a look that failed. */
const retryMs = 1_000;
/** So long without a look and the window starts again; a thousand pods in hand are each seen about every 10 s. */
const maxGapMs = 30_000;

const noneSeen: FirstSeen = new Map();

export interface SilenceDeps {
  readonly kube: Connection;
  readonly signal: AbortSignal;
}

interface Known {
  readonly window: QuietWindow;
  readonly dueMs: number;
  readonly since: FirstSeen;
}

/** Why a pod is not silent yet, as far as its last look tells. */
type Reasons = Map<string, () => Promise<string>>;

/** Waits for silence; see TrafficPath.silence. Its memory of quiet windows outlives the activities; made once a worker. */
export type Silence = (pods: readonly PumpedPod[], rules: TrafficRules, deps: SilenceDeps) => Promise<Handful>;

/** `turnMs`: no call takes longer, so that pods which arrive meanwhile get their turn. */
export function createSilence(look: Look, turnMs = 10_000): Silence {
  /** By pod UID: what is known, and when the next look is due. */
  const known = new Map<string, Known>();
  const describe = createDescribe();
  const slots = createSlots(concurrency);

  /** One look at one pod: what became of it, or in how many ms to look again. */
  const visit = async (
    pod: PumpedPod,
    rules: TrafficRules,
    { kube, signal }: SilenceDeps,
    reasons: Reasons,
  ): Promise<Outcome | number> => {
    const sight = await sightBy(look, kube, pod, rules, signal);
    const nowMs = Date.now();
    const sinceMs = Date.parse(pod.since);
    const leftMs = Math.max(0, sinceMs + rules.maxDrainMs - nowMs);
    if (sight.kind === 'gone') return 'gone';
    if (sight.kind === 'unprovable') {
      const untilMs = sinceMs + rules.quietMs - nowMs;
      return untilMs > 0 ? untilMs : { note: unproven(sight.reason, rules) };
    }
    if (sight.kind === 'failed') {
      const why = `nobody could look: ${sight.reason}`;
      reasons.set(pod.name, async () => why);
      return leftMs > 0 ? Math.min(leftMs, everyMs(rules) ?? retryMs) : timedOut(why, rules);
    }
    const before = known.get(pod.uid);
    const since = sight.kind === 'seen' ? firstSeen(before?.since, sight, nowMs) : noneSeen;
    const window = nextWindow(before?.window, { atMs: nowMs, ...callsOf(sight) }, rules.quietMs, maxGapMs);
    if (window.silent) return 'done';
    const why = async () => (sight.kind === 'measured' ? sight.text : describe(kube, pod.pod, sight, since));
    if (window.quietSinceMs === undefined) reasons.set(pod.name, why);
    else reasons.delete(pod.name);
    // A quiet window that has begun may end after maxDrain: the time may have passed while no worker ran, or another one.
    if (leftMs === 0 && window.quietSinceMs === undefined) return timedOut(await why(), rules);
    const untilQuietMs = (window.quietSinceMs ?? nowMs) + rules.quietMs - nowMs;
    const nextMs = everyMs(rules) ?? Math.max(shortestMs, Math.min(longestMs, rules.quietMs / 4, untilQuietMs));
    const pauseMs = leftMs > 0 ? Math.min(leftMs, nextMs) : nextMs;
    known.set(pod.uid, { window, dueMs: nowMs + pauseMs, since });
    return pauseMs;
  };

  return async (pods, rules, deps) => {
    for (const [uid, { window }] of known) if (Date.now() - window.lastMs > maxGapMs) known.delete(uid);
    const outcomes = new Map<string, Outcome>(pods.map(({ name }) => [name, 'later']));
    const reasons: Reasons = new Map();
    const turn = new AbortController();
    const timers = [setTimeout(() => turn.abort(), turnMs)];
    const signal = AbortSignal.any([deps.signal, turn.signal]);
    setMaxListeners(0, signal);
    const follow = async (pod: PumpedPod): Promise<void> => {
      let outcome: Outcome | number = Math.max(0, (known.get(pod.uid)?.dueMs ?? 0) - Date.now());
      while (typeof outcome === 'number') {
        await sleep(outcome, undefined, { signal });
        outcome = await slots(() => visit(pod, rules, { ...deps, signal }, reasons));
      }
      outcomes.set(pod.name, outcome);
      known.delete(pod.uid);
      timers.push(setTimeout(() => turn.abort(), lingerMs));
    };
    try {
      await Promise.all(
        pods.map((pod) =>
          follow(pod).catch((error: unknown) => {
            if (!signal.aborted) throw error;
          }),
        ),
      );
    } finally {
      turn.abort();
      for (const timer of timers) clearTimeout(timer);
    }
    deps.signal.throwIfAborted();
    for (const [name, why] of reasons) {
      if (outcomes.get(name) === 'later') outcomes.set(name, { waitsFor: await why() });
    }
    return handfulOf(outcomes);
  };
}

const measuresOf = ({ silence }: TrafficRules) =>
  silence !== undefined && 'prometheus' in silence ? silence.prometheus : undefined;

const everyMs = (rules: TrafficRules): number | undefined => {
  const every = measuresOf(rules)?.every;
  return every === undefined ? undefined : milliseconds(every);
};

/** One look, in the way that the spec names. */
function sightBy(
  look: Look,
  kube: Connection,
  pod: PumpedPod,
  rules: TrafficRules,
  signal: AbortSignal,
): Promise<Sight> {
  const measures = measuresOf(rules);
  if (measures !== undefined) return measure(pod, measures, signal);
  const { silence } = rules;
  return look(
    kube,
    pod.pod,
    signal,
    silence && 'ephemeralContainer' in silence ? silence.ephemeralContainer : undefined,
  );
}

/** How many were seen, as the quiet window counts. */
function callsOf(sight: Extract<Sight, { readonly kind: 'seen' | 'measured' }>) {
  if (sight.kind === 'measured') return { callers: sight.silent ? 0 : 1, fromNode: 0 };
  return { callers: sight.callers.length, fromNode: sight.fromNode.length };
}

const unproven = (reason: string, { quietMs }: TrafficRules): string =>
  `Silence could not be proven: ${reason}. It was out of traffic for ${humanDuration(quietMs)} before the change.`;

/** After maxDrain: the caller puts the pod back, unless the spec or a rollback says to go on. */
const timedOut = (what: string, rules: TrafficRules): Outcome =>
  giveUp('DRAIN_TIMEOUT', `After ${humanDuration(rules.maxDrainMs)} out of traffic: ${what}`, rules);
