import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { PlanHead } from '../contract/plan.ts';
import type { PlannedScale } from '../contract/scale/plan.ts';
import type { BatchResult } from '../contract/workflows.ts';
import { batchStop } from '../failure.ts';
import { pump } from '../partWay.ts';
import { heldRequest } from '../requests.ts';
import { inRounds } from '../rounds.ts';
import { isThrough, settled } from '../runBatch.ts';
import { type PodEntry, withBatch } from '../state.ts';
import { numberAfter, setNumber } from './number.ts';

/**
 * Batch `index` of a scale up: the number, then its pods, until they are ready.
 * @throws Stop when they do not come or do not get ready in time
 */
export async function goUp(book: Book, plan: PlanHead, scale: PlannedScale, index: number): Promise<void> {
  const goal = numberAfter(book.state, scale, index);
  const now = book.state.number ?? scale.from;
  book.set((state) => withBatch(state, index, (batch) => ({ ...batch, state: 'running', startedAt: book.now })));
  if (now !== goal) await setNumber(book, plan, goal, [now, goal]);
  const name = book.state.batches[index]?.name ?? '';
  const before = book.state.batches[index - 1]?.pods.map(({ uid }) => uid) ?? [];
  const except = [...scale.youngest, ...before];
  const count = book.state.batches[index]?.pods.length ?? 0;
  const result = await untilReady(book, plan, { name, goal, count, except, undo: false }, (pods) =>
    book.set((state) => withBatch(state, index, (batch) => ({ ...batch, pods }))),
  );
  book.set((state) => withBatch(state, index, (batch) => ({ ...settled(batch, result), endedAt: book.now })));
  if (isThrough(result, 0)) return;
  throw batchStop(name, result);
}

/** Pods that are to come. */
interface Coming {
  readonly name: string;
  /** So many pods there are with them. */
  readonly goal: number;
  readonly count: number;
  /** UIDs that are none of them. */
  readonly except: readonly string[];
  readonly undo: boolean;
}

/** Waits until the newest `count` pods are there and ready, and answers what became of them. `tell`: who they are. */
export function untilReady(
  book: Book,
  plan: PlanHead,
  { name, goal, count, except, undo }: Coming,
  tell: (pods: readonly PodEntry[]) => void,
): Promise<BatchResult> {
  const { waiting } = clusterActivities(book.identity.target.cluster);
  const index = undo ? undefined : book.state.batches.findIndex((batch) => batch.name === name);
  return inRounds(async () => {
    const { pods } = await waiting.born.executeWithOptions({ summary: `wait for the pods of ${name}` }, [
      {
        ...heldRequest(book, plan),
        replicas: goal,
        count,
        except,
        since: book.now,
        timeoutMs: plan.readyTimeoutMs,
        images: plan.scale?.images ?? {},
      },
    ]);
    const entries = pods.map((pod): PodEntry => ({ ...pod, state: 'queued' }));
    tell(entries);
    const some = { name, pods: entries, only: ['wait'], doing: 'ready', undo } as const;
    return pump(book, plan, some, index);
  });
}
