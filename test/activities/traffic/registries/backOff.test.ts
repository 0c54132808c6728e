import { describe, expect, it } from 'vitest';
import { BackOff } from '../../../../activities/traffic/registries/backOff.ts';

describe('the back-off from a server', () => {
  let nowMs = 0;
  const backOff = () => new BackOff(() => nowMs);

  it('grows while it fails, with one call between, and is over after the first answer', () => {
    const one = backOff();
    let attempt = one.attempt();
    for (const pauseMs of [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
      attempt.failed();
      expect(one.closedMs).toBe(pauseMs);
      nowMs += pauseMs;
      expect(one.closedMs).toBe(0);
      attempt = one.attempt();
      // The others stay back until it is known how it went.
      expect(one.closedMs).toBeGreaterThan(0);
    }
    attempt.succeeded();
    expect(one.closedMs).toBe(0);
    one.attempt();
    expect(one.closedMs).toBe(0);
  });

  it('leaves a server alone for as long as it asks, a minute at most', () => {
    const one = backOff();
    one.attempt().failed(30_000);
    expect(one.closedMs).toBe(30_000);
    nowMs += 30_000;
    one.attempt().failed(3_600_000);
    expect(one.closedMs).toBe(60_000);
  });

  it('counts calls that were under way together as one failure', () => {
    const one = backOff();
    for (const attempt of Array.from({ length: 16 }, () => one.attempt())) attempt.failed();
    expect(one.closedMs).toBe(250);
  });

  it('leaves a server alone that answers calls of before', () => {
    const one = backOff();
    const [first, second, third] = [one.attempt(), one.attempt(), one.attempt()];
    first.failed(5_000);
    second.succeeded();
    expect(one.closedMs).toBe(5_000);
    third.failed(8_000);
    expect(one.closedMs).toBe(8_000);
  });
});
