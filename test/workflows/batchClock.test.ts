import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchClock } from '../../workflows/batchClock.ts';

const limits = { batchMs: 10_000, progressMs: 3_000 };

describe('the clock of a batch', () => {
  it('is overdue when nothing moved for the progress deadline, and not before', () => {
    const clock = new BatchClock(limits, 0);
    clock.move(2_000);
    expect(clock.due(2_000)).toBe(5_000);
    expect(clock.overdue(4_999)).toBeUndefined();
    expect(clock.overdue(5_000)).toMatchObject({ code: 'PROGRESS_DEADLINE_EXCEEDED' });
  });

  it('counts the whole batch, whatever moved', () => {
    const clock = new BatchClock(limits, 0, 4_000);
    clock.move(5_000);
    expect(clock.overdue(5_999)).toBeUndefined();
    expect(clock.overdue(6_000)).toMatchObject({ code: 'BATCH_TIMEOUT' });
  });

  it('does not count an absence: all since the last movement', () => {
    const clock = new BatchClock(limits, 0);
    clock.move(2_000);
    clock.absent(3_600_000);
    expect(clock.overdue(3_600_000)).toBeUndefined();
    expect(clock.spent(3_600_000)).toBe(2_000);
    expect(clock.due(3_600_000)).toBe(3_603_000);
    expect(clock.overdue(3_603_000)).toMatchObject({ code: 'PROGRESS_DEADLINE_EXCEEDED' });
  });

  it('never counts what waits, however often and however long', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ work: fc.nat(500), wait: fc.nat(1_000_000) }), { maxLength: 19 }), (turns) => {
        const clock = new BatchClock(limits, 0);
        let now = 0;
        let worked = 0;
        for (const { work, wait } of turns) {
          now += work;
          worked += work;
          clock.wait(true, now);
          expect(clock.due(now)).toBeUndefined();
          now += wait;
          expect(clock.overdue(now)).toBeUndefined();
          clock.wait(false, now);
        }
        expect(clock.spent(now)).toBe(worked);
        expect(clock.overdue(now)).toBeUndefined();
      }),
    );
  });

  it('is overdue exactly when it says that it is due', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2_999), { maxLength: 20 }), (steps) => {
        const clock = new BatchClock(limits, 0);
        let now = 0;
        for (const step of steps) {
          now += step;
          clock.move(now);
        }
        const due = clock.due(now) ?? 0;
        expect(clock.overdue(Math.max(now, due))).toBeDefined();
        expect(due > now && clock.overdue(due - 1)).toBeFalsy();
      }),
    );
  });
});
