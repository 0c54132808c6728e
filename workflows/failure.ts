import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, TemporalFailure } from '@temporalio/workflow';
import { type ErrorCode, errors, isErrorCode } from './contract/errors.ts';
import type { Failure } from './contract/status.ts';
import type { BatchResult } from './contract/workflows.ts';

/** A release stops here: thrown by the forward path, and what the status shows. */
export class Stop extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.text);
    this.failure = failure;
  }
}

export const stop = (code: ErrorCode, text: string): Stop => new Stop({ code, text, next: errors[code].next });

/** Whatever was thrown, as code, text and next step. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Stop) return error.failure;
  const cause = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    const code = isErrorCode(cause.type) ? cause.type : 'INTERNAL';
    const details = cause.details?.[0] as { next?: unknown } | null | undefined;
    const next = typeof details?.next === 'string' ? details.next : errors[code].next;
    return { code, text: cause.message, next };
  }
  const text = cause instanceof Error ? cause.message : String(cause);
  return {
    code: 'INTERNAL',
    text: cause instanceof TemporalFailure ? `${cause.name}: ${text}` : text,
    next: errors.INTERNAL.next,
  };
}

/** For a batch that may not be gone through with. */
export const batchStop = (name: string, result: BatchResult): Stop => new Stop(batchFailure(name, result));

/** The failure of a batch in one sentence that names its first pods. */
export function batchFailure(name: string, result: BatchResult): Failure {
  const [first] = result.failed;
  if (result.overdue !== undefined) {
    const { code, reason } = result.overdue;
    const open = result.stopped.map(({ pod, stage }) => `${pod} in ${stage}`);
    const where = open.length === 0 ? '' : `; ${open.slice(0, 3).join(', ')}${open.length > 3 ? ', …' : ''}`;
    return { code, text: `${name}: ${reason}${where}`, next: errors[code].next };
  }
  if (first === undefined) {
    return { code: 'RELEASE_FAILED', text: `${name} was stopped from outside.`, next: errors.RELEASE_FAILED.next };
  }
  const others = result.failed.length > 1 ? ` (and ${result.failed.length - 1} more)` : '';
  return {
    code: first.code,
    text: `${name}: pod ${first.pod}${others}: ${first.reason}`,
    next: errors[first.code].next,
  };
}
