import { setTimeout as sleep } from 'node:timers/promises';
import type { Handful } from '../../workflows/contract/activities/handful.ts';
import { handfulOf, join } from '../handful.ts';
import type { PumpedPod } from '../ports.ts';
import type { Part } from './index.ts';

/** No call takes longer, so that pods which arrive meanwhile get their turn. */
const turnMs = 10_000;
/**
 * Between two looks whether somebody came back: a second at least, and this share of the time that callers cache. Nobody is changed
 * before a look after that time, so the ones before it only save time.
 */
const lookMs = 1_000;
const lookShare = 1 / 8;

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
  const everyMs = Math.max(lookMs, cacheMs(parts) * lookShare);
  let answer = seen;
  for (let seenMs = Date.now(); ; seenMs = Date.now()) {
    const again = new Set(answer.again);
    const out = pods.filter(({ name }) => answer.done.includes(name));
    const dueMs = (pod: PumpedPod): number => (again.has(pod.name) ? Infinity : Date.parse(usedUntil(parts, pod)));
    const due = out.filter((pod) => dueMs(pod) <= seenMs).map(({ name }) => name);
    const leftMs = Math.max(0, endMs - Date.now());
    const nextMs = Math.min(everyMs, 1 + Math.min(...out.map(dueMs)) - Date.now());
    const mayWait = out.length > 0 && due.length === 0 && again.size === 0;
    if (mayWait) await sleep(Math.min(leftMs, nextMs), undefined, { signal });
    // Those who wait on are looked at by the next call.
    if (!mayWait || nextMs >= leftMs) {
      const waiting = out
        .filter(({ name }) => !due.includes(name))
        .map((pod) => {
          const waitsFor = `callers may use what they found before until ${usedUntil(parts, pod)}`;
          return [pod.name, { waitsFor }] as const;
        });
      return join({ ...answer, done: due }, handfulOf(waiting));
    }
    answer = join({ ...answer, done: [] }, await seeOut(out));
  }
}
