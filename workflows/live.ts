import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  workflowInfo,
} from '@temporalio/workflow';
import { Book } from './book.ts';
import { type ErrorCode, errors } from './contract/errors.ts';
import { holderOf, targetOf } from './contract/names.ts';
import { isSettled, type Phase, type ReleaseResult } from './contract/status.ts';
import type { ReleaseInput } from './contract/workflows.ts';
import { failureOf } from './failure.ts';
import { fittingState } from './fitting.ts';
import { Adopted } from './hold.ts';
import { handleMessages } from './messages.ts';
import { NextRun } from './nextRun.ts';
import { announce } from './notify.ts';
import { Anew, Arrived, anew } from './operator/outcomes.ts';
import { keepRecord } from './record.ts';
import { initialState, leavesOff, type ReleaseState, without } from './state.ts';

/** What is done to the workload, and how that is taken back: what a release and a scale do not share. */
export interface Course {
  /** The way forward, from wherever the book says that it is. Throws a failure, or a cancellation when the rollback was asked for. */
  readonly forward: (book: Book, input: ReleaseInput) => Promise<void>;
  /** Undoes what was begun. Never throws: what could not be undone is in the book. */
  readonly compensate: (book: Book) => Promise<void>;
  /** Ends it with what somebody else made of the workload. Answers how it ended. */
  readonly handOver: (book: Book) => Promise<Phase>;
  /**
   * What takes its place, when people asked for a newer version and all that was in hand is finished; undefined where it
   * goes on itself after all, the book says why. A phase: how it ended instead. Absent: nothing can.
   */
  readonly supersede?: (book: Book, input: ReleaseInput) => Promise<Successor | Phase | undefined>;
  /** Gives the workload into the hands of an operator, and takes it back. Absent: it cannot be had. */
  readonly operator?: Lending;
  /** Goes on in a new run of the workflow. */
  readonly next: (input: ReleaseInput, state: ReleaseState) => Promise<never>;
}

export interface Lending {
  /** Gives up every hold, with no pod out of traffic, and waits until somebody decides how it goes on. Never throws. */
  readonly lend: (book: Book) => Promise<void>;
  /** Before a rollback: holds the workload again, where holds were given up. Where that cannot be, nothing is undone; the book says why. */
  readonly regain: (book: Book) => Promise<void>;
}

/** What a release goes on as in a new run of the workflow. */
export interface Successor {
  readonly input: ReleaseInput;
  readonly state: ReleaseState;
}

/**
 * One change of one workload from its beginning to its end, whatever happens meanwhile. Its workflow id is the lock of the
 * workload, see contract/names.ts.
 * @param carried what an earlier run of the same workflow knew, when it continued as new
 * @throws ApplicationFailure with a code of the error table when it could not begin or could not undo everything;
 *   one that was rolled back whole is an answer, not a failure
 */
export async function live(
  input: ReleaseInput,
  carried: ReleaseState | undefined,
  course: Course,
): Promise<ReleaseResult> {
  const { workflowId, firstExecutionRunId, runId } = workflowInfo();
  const target = targetOf(workflowId);
  if (target === undefined) {
    const needed =
      'The workflow id of a release is release/<cluster>/<namespace>/<kind>/<name>: it is the lock of the workload.';
    throw ApplicationFailure.nonRetryable(`Found the id ${workflowId}. ${needed}`, 'USAGE' satisfies ErrorCode);
  }
  const state = carried?.supersedes === undefined ? carried : { ...carried, run: carried.run ?? runId };
  const identity = {
    id: workflowId,
    run: state?.run ?? firstExecutionRunId,
    holder: holderOf(workflowId, firstExecutionRunId),
    initiator: input.initiator ?? 'unknown',
    target,
  };
  const now = new Date().toISOString();
  const paused = input.paused === true ? { by: identity.initiator, verified: false, at: now } : undefined;
  const book = new Book(identity, state ?? initialState(now, paused));
  handleMessages(book);

  // Temporal's own Cancel is one more way to ask for the rollback.
  CancellationScope.current().cancelRequested.catch(() => book.askRollback('Temporal', 'the workflow was cancelled'));
  let phase: Phase | undefined;
  while (phase === undefined) {
    try {
      await untilCalledOff(book, () => course.forward(book, input));
      phase = 'succeeded';
    } catch (error) {
      if (error instanceof NextRun) {
        await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
        return course.next(input, fittingState(book.state));
      }
      const ended = await CancellationScope.nonCancellable(() => endOf(book, input, error, course));
      if (ended === 'goOn') continue;
      if (typeof ended !== 'string') return course.next(ended.input, fittingState(ended.state));
      phase = ended;
    }
  }
  const over = phase;
  return CancellationScope.nonCancellable(() => end(book, input, over));
}

/** Runs the way forward until somebody asks for the way back, for a newer version, or for the workload. */
async function untilCalledOff(book: Book, forward: () => Promise<void>): Promise<void> {
  const going = new CancellationScope();
  void condition(() => book.state.rollback !== undefined || leavesOff(book.state)).then(
    () => going.cancel(),
    () => undefined,
  );
  await going.run(forward);
}

/** What comes after the way forward was left: an end, what takes its place, or the same once more. */
async function endOf(
  book: Book,
  input: ReleaseInput,
  error: unknown,
  course: Course,
): Promise<Phase | Successor | 'goOn'> {
  if (error instanceof Adopted) return course.handOver(book);
  if (error instanceof Arrived) {
    book.set((state) => ({ ...state, final: true }));
    return 'succeeded';
  }
  if (error instanceof Anew) {
    book.set(anew);
    return 'goOn';
  }
  if (book.state.operator !== undefined && book.state.rollback === undefined) {
    await course.operator?.lend(book);
    if (book.state.rollback === undefined) return book.state.drift === 'adopt' ? course.handOver(book) : 'goOn';
  }
  if (book.state.superseding !== undefined && book.state.rollback === undefined) {
    const successor = await course.supersede?.(book, input);
    if (successor !== undefined) return successor;
    if (book.state.rollback === undefined) return 'goOn';
  }
  return back(book, error, course);
}

/** The way back: from a failure, or because somebody asked for it. Answers how it ended. */
async function back(book: Book, error: unknown, { compensate, operator }: Course): Promise<Phase> {
  book.set((state) => without(without(state, 'superseding'), 'operator'));
  // Whatever is thrown after somebody asked for the rollback comes from the asking.
  if (book.state.rollback === undefined) {
    const failure = failureOf(error);
    book.set((state) => ({ ...state, failure, final: false }));
    if (book.state.steps.length > 0) book.askRollback('sluice', failure.text);
  }
  if (book.state.steps.length === 0) return book.state.failure === undefined ? 'rolledBack' : 'failed';
  book.set((state) => ({ ...state, phase: 'rollingBack' }));
  void announce(book, 'rollingBack');
  if (book.state.regains === true) await operator?.regain(book);
  await compensate(book);
  const gone = book.state.failure?.code === 'WORKLOAD_NOT_FOUND';
  return gone || book.state.notUndone.length > 0 ? 'failed' : 'rolledBack';
}

async function end(book: Book, input: ReleaseInput, phase: Phase): Promise<ReleaseResult> {
  await keepRecord(book, input, phase);
  book.set((state) => ({ ...state, phase, endedAt: book.now }));
  const { notUndone, failure } = book.state;
  book.log(book.status.text);
  await announce(book, isSettled(phase) ? phase : 'failed');
  await condition(allHandlersFinished);
  if (isSettled(phase)) {
    const { text, progress } = book.status;
    return { phase, text, pods: progress.total, ...(failure === undefined ? {} : { failure }) };
  }
  const left = notUndone.map(({ text, next }) => `${text} ${next}`).join(' ');
  const code: ErrorCode = notUndone.length > 0 ? 'ROLLBACK_INCOMPLETE' : (failure?.code ?? 'RELEASE_FAILED');
  throw ApplicationFailure.create({
    type: code,
    message: notUndone.length > 0 ? `${errors[code].message} ${left}` : (failure?.text ?? errors[code].message),
    nonRetryable: true,
    details: [{ next: notUndone.length > 0 ? errors[code].next : (failure?.next ?? errors[code].next) }],
  });
}
