import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordsIn, recordsText, withRecord } from '../../../activities/history/bounded.ts';
import type { ReleaseRecord } from '../../../workflows/contract/record.ts';
import { later, record } from './records.ts';

const runs = (records: readonly ReleaseRecord[]): string[] => records.map(({ run }) => run);
const many = (count: number, text = ''): ReleaseRecord[] =>
  Array.from({ length: count }, (_, at) => record({ run: `run-${at}`, startedAt: later(at), text }));

describe('the records of a workload', () => {
  it('are newest first, whatever the order in which they come, and each run is there once', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { minLength: 1, maxLength: 60 }), (numbers) => {
        const kept = numbers.reduce<readonly ReleaseRecord[]>(
          (records, at) => withRecord(records, record({ run: `run-${at}`, startedAt: later(at) })),
          [],
        );
        const expected = [...new Set(numbers)].toSorted((a, b) => b - a).map((at) => `run-${at}`);
        expect(runs(kept)).toEqual(expected);
      }),
    );
  });

  it('the same run again takes the place of its first record', () => {
    const kept = withRecord(many(3), record({ run: 'run-1', startedAt: later(1), phase: 'failed' }));
    expect(kept.map(({ run, phase }) => [run, phase])).toEqual([
      ['run-2', 'succeeded'],
      ['run-1', 'failed'],
      ['run-0', 'succeeded'],
    ]);
  });

  it('are a hundred: the oldest go', () => {
    const kept = many(130).reduce<readonly ReleaseRecord[]>((records, one) => withRecord(records, one), []);
    expect(kept).toHaveLength(100);
    expect(runs(kept).at(0)).toBe('run-129');
    expect(runs(kept).at(-1)).toBe('run-30');
  });

  it('come back as they were written', () => {
    const kept = withRecord(many(5), record({ run: 'ü', text: 'größer\n“x”', startedAt: later(9) }));
    expect(recordsIn(recordsText(kept))).toEqual(kept);
  });

  it('stay under 900 KB: the oldest go first, and the text is valid at every size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 1, max: 100 }), (size, count) => {
        const all = many(count, 'ä'.repeat(size)).toReversed();
        const text = recordsText(all);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(900 * 1024 + 2);
        const kept = runs(recordsIn(text));
        expect(kept.length).toBeGreaterThan(0);
        expect(kept).toEqual(runs(all).slice(0, kept.length));
      }),
      { numRuns: 30 },
    );
  });

  it('a record whose spec alone is too large is kept without it', () => {
    const [kept] = recordsIn(recordsText([record({ spec: 'x'.repeat(1_000_000) })]));
    expect(kept).toMatchObject({ run: 'run-1', spec: null });
  });

  it.each(['', '{', 'null', '7', '[7, {"run": 1}]'])('what somebody wrote there by hand is no error: %j', (text) => {
    expect(recordsIn(text)).toEqual([]);
  });
});
