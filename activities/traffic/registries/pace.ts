import { setTimeout as sleep } from 'node:timers/promises';

const backOffMs = { first: 250, most: 10_000 };

/**
 * Keeps the calls of one worker to one server within bounds: so many a second, and none while the server fails but one
 * after growing pauses.
 */
export class Pace {
  #dueMs = 0;
  #failures = 0;
  #closedUntilMs = 0;

  /** How long no call is let through; 0: they are. */
  get closedMs(): number {
    return Math.max(0, this.#closedUntilMs - Date.now());
  }

  /** Whether a call may go: waits until it is its turn. `probeMs`: so long others stay back while one is tried after a failure. */
  async turn(perSecond: number, probeMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.closedMs > 0) return false;
    if (this.#failures > 0) this.#closedUntilMs = Date.now() + probeMs;
    const atMs = Math.max(Date.now(), this.#dueMs);
    this.#dueMs = atMs + 1_000 / perSecond;
    if (atMs > Date.now()) await sleep(atMs - Date.now(), undefined, { signal });
    return true;
  }

  /** The server answered. */
  succeeded(): void {
    this.#failures = 0;
    this.#closedUntilMs = 0;
  }

  /** It did not, or asked to be left alone for `retryAfterMs`. */
  failed(retryAfterMs = 0): void {
    const pauseMs = Math.min(backOffMs.most, backOffMs.first * 2 ** Math.min(this.#failures, 6));
    this.#failures += 1;
    this.#closedUntilMs = Date.now() + Math.max(pauseMs, Math.min(retryAfterMs, 60_000));
  }
}

const paces = new Map<string, Pace>();

/** The one of a server, for all activities of this process. */
export function paceOf(server: string): Pace {
  let pace = paces.get(server);
  if (pace === undefined) {
    pace = new Pace();
    paces.set(server, pace);
  }
  return pace;
}
