import { setTimeout as sleep } from 'node:timers/promises';
import { type Attempt, BackOff } from './backOff.ts';
import { RegistryFailure } from './failure.ts';

/** What a pace goes by; tests have a clock of their own. */
export interface Clock {
  /** ms, never backwards. */
  now(): number;
  /** At least so long; throws when `signal` aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const realClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(Math.ceil(ms), undefined, { signal }),
};

const windowMs = 1_000;
/** Calls are spread evenly; those whose timer came late follow sooner, up to so much. */
const catchUpMs = 50;

/** How many calls a second whoever calls allows at most. */
interface Ask {
  readonly perSecond: number;
}

interface Waiting extends Ask {
  /** Tells it that nobody is before it any more. */
  isFirst?: () => void;
}

/**
 * Keeps the calls of one worker to one server within bounds: so many a second, and none while the server fails but one after
 * growing pauses. No second, wherever it begins, has more calls begin in it than any of these calls allows.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #backOff: BackOff;
  /** Who waits for a turn, in the order in which they came. */
  readonly #waiting: Waiting[] = [];
  /** The calls that began within the last second, oldest first. */
  #begun: (Ask & { readonly atMs: number })[] = [];
  /** When the next one is due, if they are spread evenly. */
  #evenMs = 0;

  constructor(clock: Clock = realClock) {
    this.#clock = clock;
    this.#backOff = new BackOff(() => clock.now());
  }

  /** How long no call is let through; 0: they are. */
  get closedMs(): number {
    return this.#backOff.closedMs;
  }

  /**
   * Waits until it is the turn of a call to `host`, which begins at once then.
   * @throws RegistryFailure where none may go now, also when that comes true while it waits
   */
  async turn(host: string, perSecond: number, signal: AbortSignal): Promise<Attempt> {
    const ask: Waiting = { perSecond };
    this.#waiting.push(ask);
    try {
      signal.throwIfAborted();
      await this.#untilFirst(ask, signal);
      for (;;) {
        if (this.closedMs > 0) throw new RegistryFailure(`${host} did not answer a moment ago.`);
        const waitMs = this.#waitMs();
        if (waitMs <= 0) return this.#begin(ask);
        await this.#clock.sleep(waitMs, signal);
      }
    } finally {
      this.#waiting.splice(this.#waiting.indexOf(ask), 1);
      this.#waiting[0]?.isFirst?.();
    }
  }

  /** Until everybody who came before has had a turn, or wants none any more. */
  async #untilFirst(ask: Waiting, signal: AbortSignal): Promise<void> {
    if (this.#waiting[0] === ask) return;
    await new Promise<void>((resolve, reject) => {
      const end = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', end, { once: true });
      ask.isFirst = () => {
        signal.removeEventListener('abort', end);
        resolve();
      };
    });
  }

  /** How long it takes until the next call may begin. */
  #waitMs(): number {
    const nowMs = this.#clock.now();
    this.#begun = this.#begun.filter(({ atMs }) => atMs > nowMs - windowMs);
    const before = this.#begun.at(-this.#limit());
    return Math.max(this.#evenMs, before === undefined ? 0 : before.atMs + windowMs) - nowMs;
  }

  #begin({ perSecond }: Ask): Attempt {
    const atMs = this.#clock.now();
    this.#begun.push({ perSecond, atMs });
    this.#evenMs = Math.max(this.#evenMs, atMs - catchUpMs) + windowMs / this.#limit();
    return this.#backOff.attempt();
  }

  /** The least that is allowed by anybody who waits or has called within the last second. */
  #limit(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const asks of [this.#waiting, this.#begun])
      for (const { perSecond } of asks) least = Math.min(least, perSecond);
    return least;
  }
}

const paces = new Map<string, Pace>();

/** The one of a server, for all activities of this process. `server`: an address; a slash at its end makes no other one of it. */
export function paceOf(server: string): Pace {
  const key = server.replace(/\/+$/, '');
  let pace = paces.get(key);
  if (pace === undefined) {
    pace = new Pace();
    paces.set(key, pace);
  }
  return pace;
}
