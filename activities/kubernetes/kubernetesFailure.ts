import { type ErrorCode, errors, SluiceError } from '../../workflows/contract/errors.ts';

/** What was asked, for messages: `patch pods shop/checkout-1`. Never a body or a header. */
export interface Asked {
  readonly verb: string;
  readonly resource: string;
  readonly at: string;
  /** Code of a 404. */
  readonly missing: ErrorCode;
}

/** A call to the API server that failed. `status` is 0 where there was no answer. */
export class KubernetesFailure extends SluiceError {
  readonly status: number;
  /** Reason of the server's Status object, such as AlreadyExists. */
  readonly reason: string;
  /** From Retry-After. */
  readonly retryAfterMs?: number;

  constructor(
    code: ErrorCode,
    message: string,
    facts: { status: number; reason?: string; retryAfterMs?: number | undefined; cause?: unknown },
  ) {
    super(code, message, facts.cause === undefined ? {} : { cause: facts.cause });
    this.name = 'KubernetesFailure';
    this.status = facts.status;
    this.reason = facts.reason ?? '';
    if (facts.retryAfterMs !== undefined) this.retryAfterMs = facts.retryAfterMs;
  }

  get retryable(): boolean {
    return errors[this.code].retryable;
  }
}

/**
 * The failure for an answer that is not 2xx. Only the message and reason of the server's Status object are used:
 * the rest of the body and the headers may hold secrets.
 */
export function answerFailure(asked: Asked, status: number, body: string, retryAfter: string | undefined) {
  const said = statusOf(body);
  const seconds = Number(retryAfter);
  return new KubernetesFailure(
    codeOf(status, said.message, asked),
    `${asked.verb} ${asked.resource} ${asked.at}: ${said.message || `HTTP ${status}`}`,
    { status, reason: said.reason, retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined },
  );
}

/** The failure for a call without an answer: refused, reset, timed out, TLS. */
export function networkFailure(asked: Asked, server: string, cause: unknown): KubernetesFailure {
  return new KubernetesFailure(
    'CLUSTER_UNREACHABLE',
    `${asked.verb} ${asked.resource} ${asked.at}: no answer from ${server}: ${reasonOf(cause)}`,
    { status: 0, cause },
  );
}

/** For `catch`: what a call was for is not there, which is well. */
export function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof KubernetesFailure && error.status === 404) return undefined;
  throw error;
}

function codeOf(status: number, message: string, asked: Asked): ErrorCode {
  const writes = !['get', 'list', 'watch'].includes(asked.verb);
  switch (status) {
    case 401:
      return 'FORBIDDEN';
    case 403:
      // RBAC says "cannot patch resource"; admission plugins, webhooks and policies answer 403 in words of their own.
      return writes && !/ cannot \w+ resource /.test(message) ? 'PATCH_REFUSED' : 'FORBIDDEN';
    case 404:
      return asked.missing;
    case 409:
      return 'CONFLICT';
    case 400:
    case 413:
    case 415:
    case 422:
      return writes ? 'PATCH_REFUSED' : 'INTERNAL';
    default:
      return status === 429 || status >= 500 ? 'CLUSTER_UNREACHABLE' : 'INTERNAL';
  }
}

function statusOf(body: string): { message: string; reason: string } {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'kind' in parsed && parsed.kind === 'Status') {
      return {
        message: 'message' in parsed && typeof parsed.message === 'string' ? parsed.message : '',
        reason: 'reason' in parsed && typeof parsed.reason === 'string' ? parsed.reason : '',
      };
    }
  } catch {
    // Not a Status: an answer of a proxy. Its words are not repeated.
  }
  return { message: '', reason: '' };
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  // An AggregateError (one attempt per address) has an empty message; its code says it all.
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  if (cause.message === '') return cause.cause === undefined ? code || cause.name : reasonOf(cause.cause);
  return code && !cause.message.includes(code) ? `${code}: ${cause.message}` : cause.message;
}
