import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryFailure } from './failure.ts';
import { timeoutMs } from './server.ts';

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

  /**
   * Waits until it is the turn of a call to `host`. While one is tried after a failure, the others stay back.
   * @throws RegistryFailure where none may go now
   */
  async turn(host: string, perSecond: number, signal: AbortSignal): Promise<void> {
    if (this.closedMs > 0) throw new RegistryFailure(`${host} did not answer a moment ago.`);
    if (this.#failures > 0) this.#closedUntilMs = Date.now() + timeoutMs;
    const atMs = Math.max(Date.now(), this.#dueMs);
    this.#dueMs = atMs + 1_000 / perSecond;
    if (atMs > Date.now()) await sleep(atMs - Date.now(), undefined, { signal });
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
