import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Look, nextWindow, type QuietWindow } from '../../../activities/traffic/quiet.ts';

const maxGapMs = 30_000;

/** The looks `[milliseconds since the last, callers, from the node]`, one after the other; whether each said silent. */
function watch(quietMs: number, looks: readonly (readonly [number, number, number])[]): readonly boolean[] {
  let window: QuietWindow | undefined;
  let atMs = 0;
  return looks.map(([afterMs, callers, fromNode]) => {
    atMs += afterMs;
    window = nextWindow(window, { atMs, callers, fromNode }, quietMs, maxGapMs);
    return window.silent;
  });
}

describe('the quiet window', () => {
  it('is over when nobody called for the quiet time', () => {
    expect(
      watch(5_000, [
        [0, 0, 0],
        [2_000, 0, 0],
        [2_000, 0, 0],
        [1_000, 0, 0],
      ]),
    ).toEqual([false, false, false, true]);
  });

  it('starts again with a caller', () => {
    const looks = [
      [0, 0, 0],
      [4_000, 1, 0],
      [1_000, 0, 0],
      [4_000, 0, 0],
      [1_000, 0, 0],
    ] as const;
    expect(watch(5_000, looks)).toEqual([false, false, false, false, true]);
  });

  it('of no length asks for one clean look', () => {
    expect(watch(0, [[0, 0, 0]])).toEqual([true]);
    expect(
      watch(0, [
        [0, 1, 0],
        [100, 0, 0],
      ]),
    ).toEqual([false, true]);
  });

  it('forgives a probe of the kubelet that is gone at the next look, and never ends while one is there', () => {
    expect(
      watch(2_000, [
        [0, 0, 0],
        [1_000, 0, 1],
        [1_000, 0, 0],
      ]),
    ).toEqual([false, false, true]);
    expect(
      watch(2_000, [
        [0, 0, 0],
        [1_000, 0, 0],
        [1_000, 0, 1],
      ]),
    ).toEqual([false, false, false]);
    expect(
      watch(0, [
        [0, 0, 1],
        [100, 0, 0],
      ]),
    ).toEqual([false, true]);
  });

  it('takes what comes from the node at two looks in a row for a caller behind a SNAT', () => {
    const looks = [
      [0, 0, 0],
      [1_000, 0, 1],
      [1_000, 0, 1],
      [1_000, 0, 0],
      [1_000, 0, 0],
      [1_000, 0, 0],
    ] as const;
    expect(watch(2_000, looks)).toEqual([false, false, false, false, false, true]);
  });

  it('starts again when nobody looked for too long', () => {
    expect(
      watch(5_000, [
        [0, 0, 0],
        [maxGapMs + 1, 0, 0],
        [5_000, 0, 0],
      ]),
    ).toEqual([false, false, true]);
  });

  it('never says silent with a caller in the quiet time, a lasting connection from the node, or a gap', () => {
    const look = fc.record({
      afterMs: fc.integer({ min: 0, max: 40_000 }),
      callers: fc.constantFrom(0, 0, 0, 1, 3),
      fromNode: fc.constantFrom(0, 0, 0, 1, 2),
    });
    fc.assert(
      fc.property(fc.array(look, { maxLength: 40 }), fc.integer({ min: 0, max: 20_000 }), (steps, quietMs) => {
        let window: QuietWindow | undefined;
        let atMs = 0;
        const looks: Look[] = [];
        for (const { afterMs, callers, fromNode } of steps) {
          atMs += afterMs;
          looks.push({ atMs, callers, fromNode });
          window = nextWindow(window, { atMs, callers, fromNode }, quietMs, maxGapMs);
          if (!window.silent) continue;
          const within = looks.filter((each) => each.atMs > atMs - quietMs);
          expect(within.every((each) => each.callers === 0)).toBe(true);
          expect(looks.at(-1)).toMatchObject({ callers: 0, fromNode: 0 });
          const pairs = within.map((each, index) => [within[index - 1], each] as const);
          expect(pairs.some(([one, other]) => one !== undefined && one.fromNode > 0 && other.fromNode > 0)).toBe(false);
          expect(pairs.some(([one, other]) => one !== undefined && other.atMs - one.atMs > maxGapMs)).toBe(false);
          expect(quietMs === 0 || looks.some((each) => each.atMs <= atMs - quietMs)).toBe(true);
        }
      }),
    );
  });

  it('always ends once everybody is gone', () => {
    const look = fc.tuple(
      fc.integer({ min: 1, max: 5_000 }),
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 0, max: 2 }),
    );
    fc.assert(
      fc.property(fc.array(look, { maxLength: 20 }), fc.integer({ min: 0, max: 10_000 }), (before, quietMs) => {
        const calm = Array.from({ length: 12 }, () => [1_000, 0, 0] as const);
        expect(watch(quietMs, [...before, ...calm]).at(-1)).toBe(true);
      }),
    );
  });
});
