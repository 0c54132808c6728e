import { setMaxListeners } from 'node:events';
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { errors, SluiceError } from '../workflows/contract/errors.ts';
import { KubernetesFailure } from './kubernetes/kubernetesFailure.ts';

/** One attempt of an activity, as its code sees it. */
export interface Call {
  /** Aborts when the activity is to end: cancelled, timed out, worker shutting down. */
  readonly signal: AbortSignal;
  /** What is finished so far; goes out with the next heartbeat. */
  progress(details: unknown): void;
  /** By then (ms since 1970) a waiting activity must have answered. */
  readonly answerBy: number;
  /** `at`, ISO 8601 by Temporal's clock, by the clock of this worker. */
  here(at: string): string;
}

/** Well below the heartbeat time-out of every activity (15 s): one lost heartbeat is no failure. */
const heartbeatMs = 1_000;

/**
 * What is not of the error table may be a fault of the moment, but also one of the code, which no try will cure: about
 * two minutes of tries (see the retry policy of clusterActivities.ts), then the release hears of it.
 */
const internalAttempts = 10;

/**
 * Makes an activity of `run`: heartbeats while it runs, and every failure is an ApplicationFailure whose type is a
 * code of the error table, retryable as the table says, after the time that the API server asked for.
 */
export function activity<Input, Output>(
  run: (input: Input, call: Call) => Promise<Output>,
): (input: Input) => Promise<Output> {
  return async (input) => {
    // Taken once, here: the functions of @temporalio/activity fail inside event callbacks.
    const context = Context.current();
    const signal = context.cancellationSignal;
    // Each pod of a handful may wait for it.
    setMaxListeners(0, signal);
    // Clocks differ, and the time that a call waited for a worker uses up no time limit.
    const aheadMs = Date.now() - context.info.currentAttemptScheduledTimestampMs;
    let details: unknown;
    const beat = setInterval(() => context.heartbeat(details), heartbeatMs);
    const call: Call = {
      signal,
      progress: (now) => {
        details = now;
      },
      answerBy: Date.now() + context.info.startToCloseTimeoutMs * 0.8,
      here: (at) => new Date(Date.parse(at) + aheadMs).toISOString(),
    };
    try {
      return await run(input, call);
    } catch (error) {
      if (signal.aborted)
        throw signal.reason instanceof CancelledFailure ? signal.reason : new CancelledFailure('CANCELLED');
      throw activityFailure(error, context.info.attempt);
    } finally {
      clearInterval(beat);
    }
  };
}

/** `error` as Temporal carries it. `attempt`: which try failed, from 1. */
export function activityFailure(error: unknown, attempt: number): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  if (!(error instanceof SluiceError)) {
    const message = error instanceof Error ? error.message : String(error);
    return ApplicationFailure.create({
      type: 'INTERNAL',
      message: `${errors.INTERNAL.message} ${message}`,
      nonRetryable: attempt >= internalAttempts,
      ...(error instanceof Error && { cause: error }),
    });
  }
  const { code, message, next, details } = error;
  const wait = error instanceof KubernetesFailure ? error.retryAfterMs : undefined;
  return ApplicationFailure.create({
    type: code,
    message,
    nonRetryable: !errors[code].retryable,
    details: [{ next, ...details }],
    ...(wait !== undefined && { nextRetryDelay: wait }),
  });
}
