import { setTimeout as sleep } from 'node:timers/promises';
import type { Handful } from '../../workflows/contract/activities/handful.ts';
import { handfulOf, join } from '../handful.ts';
import type { PumpedPod } from '../ports.ts';
import type { Part } from './index.ts';

/** No call takes longer, so that pods which arrive meanwhile get their turn. */
const turnMs = 10_000;
/** Between two looks whether somebody came back. */
const lookMs = 1_000;

const cacheMs = (parts: readonly Part[]): number =>
  Math.max(0, ...parts.map(({ traffic }) => traffic.callersCacheMs ?? 0));

/** Until when callers may use what they found before the drain, ISO 8601. */
export const usedUntil = (parts: readonly Part[], { since }: PumpedPod): string =>
  new Date(Date.parse(since) + cacheMs(parts)).toISOString();

/**
 * Of the pods that were seen out those whose time in the callers' caches is over; the others are `later`, after a turn
 * in which they are kept out. One that came back meanwhile may have been found anew: its time begins `again`.
 */
export async function outlastCaches(
  parts: readonly Part[],
  seen: Handful,
  pods: readonly PumpedPod[],
  signal: AbortSignal,
  seeOut: (pods: readonly PumpedPod[]) => Promise<Handful>,
): Promise<Handful> {
  if (cacheMs(parts) === 0) return seen;
  const endMs = Date.now() + turnMs;
  let answer = seen;
  for (;;) {
    const again = new Set(answer.again);
    const isDue = (pod: PumpedPod): boolean => !again.has(pod.name) && Date.now() >= Date.parse(usedUntil(parts, pod));
    const out = pods.filter(({ name }) => answer.done.includes(name));
    const due = out.filter(isDue).map(({ name }) => name);
    const leftMs = endMs - Date.now();
    if (out.length === 0 || due.length > 0 || again.size > 0 || leftMs <= 0) {
      const waiting = out
        .filter(({ name }) => !due.includes(name))
        .map((pod) => {
          const waitsFor = `callers may use what they found before until ${usedUntil(parts, pod)}`;
          return [pod.name, { waitsFor }] as const;
        });
      return join({ ...answer, done: due }, handfulOf(waiting));
    }
    await sleep(Math.min(leftMs, lookMs), undefined, { signal });
    answer = join({ ...answer, done: [] }, await seeOut(out));
  }
}
