import type { ErrorCode } from './contract/errors.ts';

/** Why something that is asked for is not done, and what to do instead. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly text: string;
  readonly next?: string;
}
