import type { PlannedLimits } from './contract/plan.ts';
import { humanDuration } from './contract/quantity.ts';
import type { Overdue } from './contract/workflows.ts';

/**
 * How long a batch has worked, and how long nothing moved in it; what waits does not count. Pure: times are
 * milliseconds since 1970, given by the caller.
 */
export class BatchClock {
  readonly #limits: PlannedLimits;
  #spent: number;
  #since: number;
  #moved: number;
  #waiting = false;

  /** `spentMs`: what an earlier run of the same batch has used up. */
  constructor(limits: PlannedLimits, now: number, spentMs = 0) {
    this.#limits = limits;
    this.#spent = spentMs;
    this.#since = now;
    this.#moved = now;
  }

  /** A pod came a stage further. */
  move(now: number): void {
    this.#moved = now;
  }

  /** It begins to wait, or goes on working. */
  wait(waiting: boolean, now: number): void {
    if (waiting === this.#waiting) return;
    if (waiting) this.#spent = this.spent(now);
    else this.#moved = now;
    this.#since = now;
    this.#waiting = waiting;
  }

  /** Nobody worked since something moved last: a worker that was away is no fault of the pods. */
  absent(now: number): void {
    if (this.#waiting) return;
    this.#spent += this.#moved - this.#since;
    this.#since = now;
    this.#moved = now;
  }

  /** Milliseconds of work so far. */
  spent(now: number): number {
    return this.#spent + (this.#waiting ? 0 : now - this.#since);
  }

  /** When to look again, if nothing moves until then; undefined while it waits. */
  due(now: number): number | undefined {
    if (this.#waiting) return undefined;
    const { batchMs, progressMs } = this.#limits;
    const still = this.#moved + progressMs;
    return batchMs === undefined ? still : Math.min(still, now + batchMs - this.spent(now));
  }

  overdue(now: number): Overdue | undefined {
    const { batchMs, progressMs } = this.#limits;
    if (this.#waiting) return undefined;
    if (batchMs !== undefined && this.spent(now) >= batchMs) {
      return { code: 'BATCH_TIMEOUT', reason: `it was not through after ${humanDuration(batchMs)}` };
    }
    if (now - this.#moved < progressMs) return undefined;
    return {
      code: 'PROGRESS_DEADLINE_EXCEEDED',
      reason: `no pod came any further for ${humanDuration(progressMs)}`,
    };
  }
}
