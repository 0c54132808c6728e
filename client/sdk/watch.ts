import { setTimeout as sleep } from 'node:timers/promises';
import { errors, SluiceError } from '../../workflows/contract/errors.ts';
import { isOver, type ReleaseStatus } from '../../workflows/contract/status.ts';

export interface WatchOptions {
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal | undefined;
  /** Time between two looks, in ms. Default 500. */
  readonly intervalMs?: number | undefined;
  /** First run id: once seen, a later release of the same workload ends the iteration. */
  readonly run?: string | undefined;
  /** Told when a server cannot be reached for a while (again and again), and with undefined when it can again. */
  readonly onTrouble?: ((trouble: SluiceError | undefined) => void) | undefined;
}

/**
 * Every change of a status until the release is over. What passes by itself (a restart of a worker or of Temporal) is
 * waited out.
 * @throws what `read` throws and is not retryable
 */
export async function* watchStatus<Status extends ReleaseStatus>(
  read: () => Promise<Status>,
  { signal, intervalMs = 500, run, onTrouble }: WatchOptions = {},
): AsyncGenerator<Status> {
  let last = '';
  let trouble = false;
  let seen: Status | undefined;
  // oxlint-disable-next-line no-unmodified-loop-condition -- a signal changes by itself
  while (signal?.aborted !== true) {
    const status = await read().catch((error: unknown) => passing(error));
    if (status instanceof SluiceError) {
      trouble = true;
      onTrouble?.(status);
    } else {
      if (trouble) onTrouble?.(undefined);
      trouble = false;
      if (run !== undefined && status.run !== run) {
        if (seen !== undefined && status.supersedes?.run === run) yield supersededStatus(seen, status.supersedes.text);
        return;
      }
      seen = status;
      const text = JSON.stringify(status);
      if (text !== last) yield status;
      last = text;
      if (isOver(status.phase)) return;
    }
    await sleep(trouble ? Math.max(intervalMs, 2_000) : intervalMs, undefined, {
      ...(signal !== undefined && { signal }),
    }).catch(() => undefined);
  }
}

/** The end of a release that another one has taken the place of: its own workflow run tells nobody any more. */
function supersededStatus<Status extends ReleaseStatus>(last: Status, text: string): Status {
  const { waiting: _, ...rest } = last;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `waiting` is optional
  return { ...rest, phase: 'superseded', text } as Status;
}

/** What may pass by itself. @throws anything else */
export function passing(error: unknown): SluiceError {
  if (error instanceof SluiceError && errors[error.code].retryable) return error;
  throw error;
}
