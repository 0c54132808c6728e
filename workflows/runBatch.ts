import {
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  startChild,
} from '@temporalio/workflow';
import { batch } from './batch.ts';
import type { Book } from './book.ts';
import { isBeside } from './contract/blueGreen/plan.ts';
import { batchId } from './contract/names.ts';
import { countOf } from './contract/quantity.ts';
import { type BatchInput, type BatchPod, type BatchResult, batchSignals, mayBeBack } from './contract/workflows.ts';
import { stop } from './failure.ts';
import { withPassages } from './passages.ts';
import { openPods, prepare, type Room } from './prepare.ts';
import { emptyResult } from './pump.ts';
import { atOnce, birthsOf, forwardRules, heldRequest } from './requests.ts';
import { type BatchState, leavesOff, type PodEntry, withBatch } from './state.ts';

/**
 * Brings batch `index` to the new images. What became of its pods is in the book, and is returned.
 * @param looked of a look at its pods just now
 */
export async function runBatch(book: Book, index: number, looked?: Room): Promise<BatchResult> {
  let room = looked;
  let { plan, current } = batchAt(book, index);
  // People may divide the batches anew during the look: until it starts, this one is none that has begun.
  while (room === undefined || openPods(current).some(({ traffic }) => traffic === undefined)) {
    room = await prepare(book, plan, index, current);
    ({ plan, current } = batchAt(book, index));
  }
  const prepared = openPods(current);
  const input: BatchInput = {
    ...heldRequest(book, plan),
    ...forwardRules(plan),
    ...(plan.warmUpMs !== undefined && { warmUpMs: plan.warmUpMs }),
    ...(plan.warmUpWeights !== undefined && { warmUpWeights: plan.warmUpWeights }),
    name: current.name,
    pods: prepared.map((pod) => batchPod(pod)),
    ...(plan.change.order && { order: plan.change.order }),
    ...birthsOf(plan, 'to'),
    ...atOnce(plan),
    // Nobody is taken out of service before another one is in.
    ...(plan.surge === undefined ? room : { downElsewhere: 0 }),
    mayFail: current.mayFail,
    limits: plan.limits,
    paused: false,
  };
  const result = await runChild(book, input, index);
  book.set((state) => withBatch(state, index, (entry) => ({ ...settled(entry, result), endedAt: book.now })));
  return result;
}

function batchAt({ state: { plan, batches } }: Book, index: number) {
  const current = batches[index];
  if (plan === undefined || current === undefined) throw stop('INTERNAL', `There is no batch ${index}.`);
  return { plan, current };
}

/** Whether a batch is over and the release may go on. */
export const isThrough = (result: BatchResult, mayFail: number): boolean =>
  result.overdue === undefined &&
  result.failed.length <= mayFail &&
  result.stopped.length === 0 &&
  result.queued.length === 0;

/** Runs a batch as a child and passes pause, resume and the rollback on to it. */
export async function runChild(book: Book, input: BatchInput, index?: number): Promise<BatchResult> {
  const workflowId = batchId(book.identity.id, book.identity.run, input.name);
  const shown: BatchState['state'] = input.undo ? 'undoing' : 'running';
  if (index !== undefined) {
    book.set((state) =>
      withBatch(state, index, (entry) => ({ ...entry, state: shown, workflow: workflowId, startedAt: book.now })),
    );
  }
  book.log(`${input.name}: ${countOf(input.pods.length, 'pod')}.`);
  let told = input.undo ? false : book.state.paused !== undefined;
  let ended = false;
  let finishing = false;
  // A rollback stops the batch by signal and takes its answer; a cancellation would lose it.
  return CancellationScope.nonCancellable(async () => {
    const child = await startChild(batch, {
      workflowId,
      args: [{ ...input, paused: told }],
      staticSummary: `${input.name}: ${countOf(input.pods.length, 'pod')} ${input.doing ?? (input.undo ? 'back to the old version' : 'to the new version')}`,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    });
    const signal = async (name: string): Promise<void> => {
      try {
        await getExternalWorkflowHandle(workflowId).signal(name);
      } catch {
        // It has just ended: its result is on the way.
      }
    };
    const passOn = async (): Promise<void> => {
      for (;;) {
        const finishes = (): boolean => !finishing && leavesOff(book.state);
        const turns = (): boolean => (book.state.paused !== undefined) !== told;
        await condition(() => ended || book.state.rollback !== undefined || finishes() || turns());
        if (ended) return;
        if (book.state.rollback !== undefined) return signal(batchSignals.stop);
        if (finishes()) {
          finishing = true;
          // Nobody is sent to pods that stand beside the old ones and are not ready: they are not waited for.
          await signal(isBeside(book.state.plan ?? {}) ? batchSignals.stop : batchSignals.finish);
          continue;
        }
        told = book.state.paused !== undefined;
        await signal(told ? batchSignals.pause : batchSignals.resume);
      }
    };
    const passing = input.undo ? Promise.resolve() : passOn();
    try {
      const result = await child.result();
      noteOnce(book, input.name, result.notes);
      book.set((state) => ({ ...state, batches: withPassages(state.batches, input.pods, result) }));
      return result;
    } catch {
      // Terminated or broken: any of its pods may have been touched.
      const stopped = input.pods.map(({ name }) => ({ pod: name, stage: 'restore' as const }));
      return { ...emptyResult, stopped };
    } finally {
      ended = true;
      await passing;
    }
  });
}

export function batchPod(pod: PodEntry): BatchPod {
  const { name, uid, ready, traffic, outOfTraffic } = pod;
  return {
    name,
    uid,
    wasReady: ready,
    ...(traffic === undefined ? {} : { traffic }),
    ...(outOfTraffic === undefined ? {} : { outOfTraffic }),
  };
}

/** A batch with the answer of its child written in. */
export function settled(entry: BatchState, result: BatchResult): BatchState {
  const done = new Set(result.done);
  const gone = new Set(result.gone);
  const failed = new Map(result.failed.map((failure) => [failure.pod, failure]));
  const stopped = new Map(result.stopped.map(({ pod, stage }) => [pod, stage]));
  const pods = replaced(entry.pods, result).map((pod): PodEntry => {
    if (done.has(pod.name)) {
      const { outOfTraffic: _, ...back } = pod;
      return { ...back, state: 'done' };
    }
    if (gone.has(pod.name)) return { ...pod, state: 'gone' };
    const failure = failed.get(pod.name);
    const stage = failure?.stage ?? stopped.get(pod.name);
    if (stage === undefined) return pod;
    const outOfTraffic = !mayBeBack(stage);
    return failure === undefined
      ? { ...pod, state: stage, outOfTraffic }
      : {
          ...pod,
          state: 'failed',
          reason: failure.reason,
          outOfTraffic,
          ...(failure.stage === 'patch' && { refused: true }),
        };
  });
  return { ...entry, pods, state: isThrough(result, entry.mayFail) ? 'done' : 'failed' };
}

/** Pods that were made anew are others by now, perhaps on other nodes. */
export function replaced(pods: readonly PodEntry[], { became = [] }: BatchResult): readonly PodEntry[] {
  const successors = new Map(became.map(({ pod, ...successor }) => [pod, successor]));
  return pods.map((pod) => {
    const successor = successors.get(pod.name);
    return successor === undefined ? pod : { ...pod, ...successor, node: '' };
  });
}

/** The same note of many pods is one line of the log. */
function noteOnce(book: Book, name: string, notes: BatchResult['notes']): void {
  const pods = new Map<string, Set<string>>();
  for (const { pod, text } of notes) pods.set(text, (pods.get(text) ?? new Set()).add(pod));
  for (const [text, [first, ...others]] of pods) {
    book.log(`${name}: ${first}${others.length > 0 ? ` and ${others.length} more` : ''}: ${text}`);
  }
}
