import { type ErrorCode, errors, SluiceError } from '../../workflows/contract/errors.ts';

/** An error as one document: problem details (RFC 9457) with our code and next step. CLI and HTTP API share it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  /** HTTP status. */
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly next: string;
  /** Facts about this case: field, found, allowed, … */
  readonly [fact: string]: unknown;
}

export function problemOf(error: SluiceError): Problem {
  const { message, http } = errors[error.code];
  const standard = {
    type: `urn:sluice:error:${error.code}`,
    title: message,
    status: http,
    code: error.code,
    detail: error.message,
    next: error.next,
  };
  // Twice: first for the order, last so that no fact can take their place.
  return { ...standard, ...error.details, ...standard };
}

/** Whatever was thrown, as a SluiceError. */
export function asSluiceError(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  return new SluiceError('INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
}
