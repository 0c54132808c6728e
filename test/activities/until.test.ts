import { describe, expect, it } from 'vitest';
import { until } from '../../activities/until.ts';

/** A watch that is told to change. */
function source() {
  const listeners = new Set<() => void>();
  return {
    listeners,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    change: () => listeners.forEach((listener) => listener()),
  };
}
const never = new AbortController().signal;

describe('until', () => {
  it('asks again when any source changes, and listens no longer than that', async () => {
    const [one, two] = [source(), source()];
    let asked = 0;
    const waiting = until(() => ++asked === 3, 60_000, never, [one, two]);
    one.change();
    await Promise.resolve();
    two.change();
    expect(await waiting).toBe(true);
    expect(one.listeners.size + two.listeners.size).toBe(0);
  });

  it('gives up after the time, and ends with the reason of an abort', async () => {
    const quiet = source();
    expect(await until(() => false, 5, never, [quiet])).toBe(false);
    const abort = new AbortController();
    const waiting = until(() => false, 60_000, abort.signal, [quiet]);
    abort.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
    expect(quiet.listeners.size).toBe(0);
  });
});
