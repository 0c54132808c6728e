import { timeoutMs } from './server.ts';

const pauseMs = { first: 250, most: 10_000 };
/** So long a server may ask to be left alone. */
const mostAskedMs = 60_000;

/** One call that was let through, and how it ended. */
export interface Attempt {
  /** The server answered. */
  succeeded(): void;
  /** It did not, or asked to be left alone for `retryAfterMs`. */
  failed(retryAfterMs?: number): void;
}

/**
 * Leaves whoever fails alone: after the first failure for 0.25 s, then twice as long each time, 10 s at most; in between one
 * call is tried. A call that began before the last failure says nothing new when it ends, but for how long it shall be left alone.
 */
export class BackOff {
  readonly #now: () => number;
  #failures = 0;
  #closedUntilMs = 0;
  /** Which failure was the last one. */
  #last = 0;

  /** `now`: ms, never backwards. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** How long no call is let through; 0: they are. */
  get closedMs(): number {
    return Math.max(0, this.#closedUntilMs - this.#now());
  }

  /** Begins a call, where they are let through. While one is tried after a failure, the others stay back. */
  attempt(): Attempt {
    const after = this.#last;
    if (this.#failures > 0) this.#closedUntilMs = this.#now() + timeoutMs;
    return {
      succeeded: () => {
        if (after !== this.#last) return;
        this.#failures = 0;
        this.#closedUntilMs = 0;
      },
      failed: (retryAfterMs = 0) => {
        const askedUntilMs = this.#now() + Math.min(retryAfterMs, mostAskedMs);
        if (after === this.#last) {
          const ownMs = Math.min(pauseMs.most, pauseMs.first * 2 ** Math.min(this.#failures, 6));
          this.#failures += 1;
          this.#closedUntilMs = Math.max(this.#now() + ownMs, askedUntilMs);
        } else if (retryAfterMs > 0) this.#closedUntilMs = Math.max(this.#closedUntilMs, askedUntilMs);
        else return;
        this.#last += 1;
      },
    };
  }
}
