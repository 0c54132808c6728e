import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { PlanHead, PlannedPod } from '../contract/plan.ts';
import { slices } from '../contract/planner/batching.ts';
import { countOf } from '../contract/quantity.ts';
import type { PlannedScale } from '../contract/scale/plan.ts';
import { failureOf } from '../failure.ts';
import { openPods } from '../prepare.ts';
import { isOut, putBack } from '../putBack.ts';
import { heldRequest, podOrderOf } from '../requests.ts';
import { type BatchState, type PodEntry, withBatch } from '../state.ts';
import { markedOut, takeOut } from '../takeOut.ts';
import { numberAfter, setNumber } from './number.ts';

/** So often it is chosen anew where a pod died or fell back meanwhile. */
const mostTries = 3;

/**
 * Batch `index` of a scale down: chosen → drained → the number → gone.
 * @throws Stop when a drain fails, or its controller takes others again and again
 */
export async function goDown(book: Book, plan: PlanHead, scale: PlannedScale, index: number): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      if ((book.state.number ?? scale.from) !== numberAfter(book.state, scale, index)) {
        await choose(book, plan, scale, index);
        const goal = numberAfter(book.state, scale, index);
        const [part, last] = partsOf(book, scale, index);
        await remove(book, plan, index, part, goal + last.length);
        if (last.length > 0) await remove(book, plan, index, last, goal);
      } else await seeGone(book, plan, index, openPods(book.state.batches[index]));
      break;
    } catch (error) {
      const { code, text } = failureOf(error);
      if (code !== 'PODS_OVERTAKEN' || tries === mostTries || book.state.rollback !== undefined) throw error;
      book.log(`${text} They are chosen anew.`);
    }
  }
  book.set((state) => withBatch(state, index, (batch) => ({ ...batch, state: 'done', endedAt: book.now })));
}

/** With nobody to take over, the very last pod goes alone: it could not be taken out of a Service before the others are gone. */
const endsAtNone = (book: Book, { to }: PlannedScale, index: number): boolean =>
  to === 0 && index === book.state.batches.length - 1;

/** Those that go together, and whoever goes after them. */
function partsOf(book: Book, scale: PlannedScale, index: number): readonly [readonly PodEntry[], readonly PodEntry[]] {
  const pods = openPods(book.state.batches[index]);
  return endsAtNone(book, scale, index) && pods.length > 1 ? [pods.slice(0, -1), pods.slice(-1)] : [pods, []];
}

/** Looks who goes, and writes into the book where it is others than planned. */
async function choose(book: Book, plan: PlanHead, scale: PlannedScale, index: number): Promise<void> {
  const { writing } = clusterActivities(book.identity.target.cluster);
  const ahead = book.state.batches.slice(index);
  const now = book.state.number ?? scale.from;
  const size = now - numberAfter(book.state, scale, index);
  const planned = ahead.flatMap(openPods).map(({ name, uid }) => ({ name, uid }));
  const { pods } = await writing.pick.executeWithOptions({ summary: `choose the pods of ${ahead[0]?.name}` }, [
    {
      ...heldRequest(book, plan),
      ...podOrderOf(plan),
      replicas: now,
      to: scale.to,
      planned,
      // Of several that are marked any might go first.
      now: endsAtNone(book, scale, index) ? Math.max(1, size - 1) : size,
    },
  ]);
  if (pods === undefined) return;
  const dropped = rechosen(book, index, pods, size);
  if (dropped.length > 0) await putBack(book, plan, 'put-back', dropped);
}

/**
 * Puts these pods into the batches from `index` on: `size` into the first, the others as large as they were. Answers those
 * that stay after all, and are out of traffic.
 */
function rechosen(book: Book, index: number, pods: readonly PlannedPod[], size: number): readonly PodEntry[] {
  const ahead = book.state.batches.slice(index);
  const known = new Map(ahead.flatMap((batch) => batch.pods).map((pod) => [pod.uid, pod]));
  const entries = pods.map((pod): PodEntry => known.get(pod.uid) ?? { ...pod, state: 'queued' });
  const parts = slices(entries, [size, ...ahead.slice(1).map((batch) => batch.pods.length)]);
  const anew = ahead.map((batch, at): BatchState => {
    const over = batch.pods.filter(({ state }) => state === 'done');
    return { ...batch, pods: [...over, ...(parts[at] ?? [])] };
  });
  const left = anew.filter((batch) => batch.pods.length > 0);
  book.set((state) => ({ ...state, batches: [...state.batches.slice(0, index), ...left] }));
  book.log(`Other pods are there than planned; ${countOf(pods.length, 'pod')} to go.`);
  const stay = new Set(pods.map(({ uid }) => uid));
  return [...known.values()].filter((pod) => isOut(pod) && !stay.has(pod.uid));
}

/** Takes these pods of batch `index` away: `goal` are left. */
async function remove(
  book: Book,
  plan: PlanHead,
  index: number,
  part: readonly PodEntry[],
  goal: number,
): Promise<void> {
  await drain(book, plan, index, part);
  const now = book.state.number ?? plan.scale?.from ?? 0;
  await setNumber(book, plan, goal, [now, goal], part);
  await seeGone(book, plan, index, part);
}

/** Out of traffic, as in a release; without a way out there is nothing to wait for. */
async function drain(book: Book, plan: PlanHead, index: number, part: readonly PodEntry[]): Promise<void> {
  book.set((state) => withBatch(state, index, (entry) => ({ ...entry, state: 'running', startedAt: book.now })));
  // Out of traffic and about to go: what the pump is done with is not done with here.
  if (plan.traffic.through.length > 0) return takeOut(book, plan, index, part, 'wait');
  const names = new Set(part.map((pod) => pod.name));
  book.set((state) => withBatch(state, index, (entry) => markedOut(entry, names, 'wait')));
}

/** Waits until they are told to end. One in whose place another went is back in traffic, and told. */
async function seeGone(book: Book, plan: PlanHead, index: number, part: readonly PodEntry[]): Promise<void> {
  const { waiting } = clusterActivities(book.identity.target.cluster);
  const { stayed } = await waiting.left.executeWithOptions({ summary: 'wait until the pods go' }, [
    {
      ...heldRequest(book, plan),
      pods: part.map(({ name, uid }) => ({ name, uid })),
      replicas: book.state.number ?? 0,
      since: book.now,
      timeoutMs: plan.readyTimeoutMs,
    },
  ]);
  const still = new Set(stayed);
  const asked = new Set(part.map(({ uid }) => uid));
  const gone = (pod: PodEntry): PodEntry => {
    if (!asked.has(pod.uid)) return pod;
    const { outOfTraffic: _, ...rest } = pod;
    return still.has(pod.name)
      ? { ...pod, state: 'failed', reason: 'It stayed: its controller took another one.' }
      : { ...rest, state: 'done' };
  };
  const staying = openPods(book.state.batches[index]).filter(({ name, uid }) => asked.has(uid) && still.has(name));
  book.set((state) => withBatch(state, index, (batch) => ({ ...batch, pods: batch.pods.map(gone) })));
  if (staying.length === 0) return;
  book.log(
    `Other pods went than were chosen; these stayed: ${stayed.slice(0, 5).join(', ')}${stayed.length > 5 ? ', …' : ''}.`,
  );
  await putBack(book, plan, 'put-back', staying);
}
