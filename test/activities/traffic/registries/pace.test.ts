import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pace } from '../../../../activities/traffic/registries/pace.ts';

const { signal } = new AbortController();

describe('the pace of calls to one server', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => vi.useRealTimers());
  const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

  it('backs off while it fails, with one call between, and is itself again after the first answer', async () => {
    const pace = new Pace();
    const goes = async () => {
      const [turn] = await Promise.allSettled([pace.turn('registry:80', 1_000_000, signal)]);
      return turn.status === 'fulfilled' || String(turn.reason);
    };
    const refused = expect.stringContaining('registry:80 did not answer a moment ago.');
    expect(await goes()).toBe(true);
    for (const pauseMs of [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
      pace.failed();
      expect(pace.closedMs).toBe(pauseMs);
      later(pauseMs - 1);
      expect(await goes()).toEqual(refused);
      later(1);
      // One is tried; the others stay back until it is known how it went.
      expect([await goes(), await goes()]).toEqual([true, refused]);
    }
    pace.succeeded();
    expect([await goes(), await goes()]).toEqual([true, true]);
  });

  it('leaves a server alone for as long as it asks, a minute at most', () => {
    const pace = new Pace();
    pace.failed(30_000);
    expect(pace.closedMs).toBe(30_000);
    pace.failed(3_600_000);
    expect(pace.closedMs).toBe(60_000);
  });
});

it('lets no more than so many calls a second through, however many ask at once', async () => {
  const pace = new Pace();
  const startMs = Date.now();
  await Promise.all(Array.from({ length: 31 }, () => pace.turn('registry:80', 100, signal)));
  // Thirty gaps of 10 ms; timers may be a millisecond early each.
  expect(Date.now() - startMs).toBeGreaterThanOrEqual(290);
});
