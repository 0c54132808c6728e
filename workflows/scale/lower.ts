import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { PlanHead } from '../contract/plan.ts';
import { failureOf } from '../failure.ts';
import { pump } from '../partWay.ts';
import { heldRequest, podOrderOf } from '../requests.ts';
import type { BatchState, PodEntry } from '../state.ts';
import { setNumber } from './number.ts';

/** Takes the pods of a scale up away again, the last that came first: drained, then `goal` pods are left. */
export async function lower(book: Book, plan: PlanHead, goal: number, batches: readonly BatchState[]): Promise<void> {
  const { writing, waiting } = clusterActivities(book.identity.target.cluster);
  const held = heldRequest(book, plan);
  const came = batches.flatMap(({ pods }) => pods).toReversed();
  const planned = came.map(({ name, uid }) => ({ name, uid }));
  const { pods } = await writing.pick.executeWithOptions({ summary: 'choose the pods that go again' }, [
    { ...held, ...podOrderOf(plan), first: 'Newest', to: goal, planned, now: Number.MAX_SAFE_INTEGER },
  ]);
  const going = (pods ?? came).map((pod): PodEntry => ({ ...pod, state: 'queued' }));
  await drained(book, plan, going);
  try {
    await setNumber(book, plan, goal, undefined, going);
  } catch (error) {
    if (failureOf(error).code !== 'PODS_OVERTAKEN') throw error;
    // Back is more than which: the number goes down all the same.
    await setNumber(book, plan, goal);
  }
  const { stayed } = await waiting.left.executeWithOptions({ summary: 'wait until the pods go' }, [
    {
      ...held,
      pods: going.map(({ name, uid }) => ({ name, uid })),
      replicas: goal,
      since: book.now,
      timeoutMs: plan.readyTimeoutMs,
    },
  ]);
  if (stayed.length > 0) book.log(`Other pods went; these stayed: ${stayed.join(', ')}.`);
  await writing.spare.executeWithOptions({ summary: 'take our marks off pods that stay' }, [held]);
  if (plan.traffic.through.length === 0) return;
  await writing.closeTraffic.executeWithOptions({ summary: 'take our labels and selector away' }, [
    { ...held, through: plan.traffic.through },
  ]);
}

/** A scale up has opened no way out of traffic: it is opened for this, and closed again by the caller. */
async function drained(book: Book, plan: PlanHead, going: readonly PodEntry[]): Promise<void> {
  const { through } = plan.traffic;
  if (through.length === 0 || going.length === 0) return;
  const { writing } = clusterActivities(book.identity.target.cluster);
  const held = heldRequest(book, plan);
  await writing.openTraffic.executeWithOptions({ summary: 'prepare the way out of traffic' }, [{ ...held, through }]);
  const { pods, gone } = await writing.prepare.executeWithOptions({ summary: 'look at the pods that go again' }, [
    { ...held, through, pods: going.map(({ name, uid }) => ({ name, uid })) },
  ]);
  const left = new Set(gone);
  const traffic = new Map(pods.map((pod) => [pod.name, pod.traffic]));
  const there = going
    .filter(({ name }) => !left.has(name))
    .map((pod) => ({ ...pod, traffic: traffic.get(pod.name) ?? [] }));
  if (there.length === 0) return;
  const some = {
    name: 'undo-drain',
    pods: there,
    only: ['drain', 'silence'],
    doing: 'out of traffic',
    undo: true,
  } as const;
  const { failed } = await pump(book, plan, some);
  for (const { pod, reason } of failed) book.log(`Pod ${pod} goes without silence: ${reason}`);
}
