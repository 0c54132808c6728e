import { setTimeout as sleep } from 'node:timers/promises';
import type { Handful, HandfulPod, HandfulRequest } from '../../workflows/contract/activities/handful.ts';
import type { PlannedHotSwap } from '../../workflows/contract/hotSwap/plan.ts';
import { otherOf, takerOf } from '../../workflows/contract/hotSwap/roles.ts';
import { eachPod } from '../eachPod.ts';
import { emptyHandful, join, type Outcome } from '../handful.ts';
import { statusOf } from '../kubernetes/podState.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { LivePod } from '../ports.ts';
import { act } from '../reload/act.ts';
import { goalOf } from './goal.ts';

/** Who holds the connections of a pod: its containers are asked, as nothing in the API tells. */
export interface Asking {
  readonly request: HandfulRequest;
  readonly swap: PlannedHotSwap;
  readonly kube: Connection;
  readonly signal: AbortSignal;
}

type Live = HandfulPod & LivePod;

const retryMs = 500;
/** Then the pod is judged anew: a container that crashes is not asked for minutes. */
const mostMs = 5_000;

/**
 * Of the pods that are ready on what takes over: `done` are those that say they hold the connections. The others are
 * `later`, until the time of the pod is over; then they have failed. `withinMs`: waits no longer.
 */
export async function untilHeld(
  ready: Handful,
  live: readonly Live[],
  asking: Asking & { readonly answerBy: number; readonly withinMs: number | undefined },
): Promise<Handful> {
  const { request, swap, kube, signal } = asking;
  const { holds } = swap;
  if (holds === undefined || request.turn?.step !== 'takeOver') return ready;
  const until = Math.min(asking.answerBy, Date.now() + Math.min(asking.withinMs ?? mostMs, mostMs));
  const settled = new Set(ready.done);
  // A rollback asks no more of a pod than it had before.
  const asked = live.filter(({ name, wasReady }) => settled.has(name) && (wasReady || !request.undo));
  const rest = ready.done.filter((name) => !asked.some((pod) => pod.name === name));
  const held = await eachPod(asked, signal, async (pod): Promise<Outcome> => {
    const taker = takerOf(goalOf(pod, request, swap), swap);
    const at = { namespace: request.target.namespace, pod: pod.name, container: taker };
    for (;;) {
      const acted = await act(kube, at, holds, { timeoutMs: holds.timeoutMs, signal });
      if (acted === 'done') return 'done';
      const now = Date.now();
      const late = now >= Date.parse(pod.since) + request.readyTimeoutMs;
      if (late || (!request.undo && (acted.is === 'impossible' || acted.is === 'refused'))) {
        return {
          code: 'POD_FAILED',
          reason: `${taker} has not taken over: \`${holds.command.join(' ')}\`: ${acted.reason}`,
        };
      }
      if (now + retryMs >= until) return 'later';
      await sleep(retryMs, undefined, { signal });
    }
  });
  return join({ ...ready, done: rest }, held, emptyHandful);
}

/**
 * Between the two writes: whether `taker`, the old one, still holds the connections, or the other one has taken them over.
 * Where it cannot be asked, its readiness tells, beside that of the other one.
 */
export async function whoHolds(
  { pod, name, since }: Live,
  taker: string,
  { request, swap, kube, signal }: Asking,
): Promise<'taker' | 'other' | 'unknown'> {
  const status = statusOf(pod, taker);
  if (status?.state?.running === undefined) return 'other';
  const byReadiness = status.ready && statusOf(pod, otherOf(taker, swap))?.ready !== true ? 'taker' : 'other';
  if (swap.holds === undefined) return byReadiness;
  const { timeoutMs } = swap.holds;
  const at = { namespace: request.target.namespace, pod: name, container: taker };
  const acted = await act(kube, at, swap.holds, { timeoutMs, signal });
  if (acted === 'done') return 'taker';
  if (acted.is === 'failed') return 'other';
  if (acted.is !== 'unreached' || Date.now() >= Date.parse(since) + request.readyTimeoutMs) return byReadiness;
  await sleep(retryMs, undefined, { signal });
  return 'unknown';
}
