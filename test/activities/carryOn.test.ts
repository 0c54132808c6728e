import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { carryOn } from '../../activities/carryOn.ts';
import { emptyHandful } from '../../activities/handful.ts';
import type { Handful } from '../../workflows/contract/activities/handful.ts';

const tookMs: unknown = expect.any(Number);
const done = (...names: readonly string[]): Handful => ({ ...emptyHandful, done: names });

describe('carryOn', () => {
  it('goes on with those that are done, as far as they are', async () => {
    const answer = await carryOn({ ...done('a', 'b'), later: ['c'] }, ['wait', 'restore'], async (stage, names) =>
      stage === 'wait' ? { ...done('a'), later: names.filter((name) => name !== 'a') } : done(...names),
    );
    expect(answer).toEqual({
      ...done('a', 'b'),
      later: ['c'],
      wentOn: {
        stage: 'wait',
        tookMs,
        answer: { ...done('a'), later: ['b'], wentOn: { stage: 'restore', tookMs, answer: done('a') } },
      },
    });
  });

  it('a stage that throws takes nothing away from what was done before', async () => {
    const answer = await carryOn(done('a'), ['wait', 'restore'], () => Promise.reject(new Error('cancelled')));
    const wentOn = { stage: 'wait', tookMs, answer: { ...emptyHandful, later: ['a'] } };
    expect(answer).toEqual({ ...done('a'), wentOn });
  });

  it('says how long each stage took, without those after it', async () => {
    const { wentOn } = await carryOn(done('a'), ['wait', 'restore'], async (stage, names) => {
      await sleep(stage === 'wait' ? 20 : 200);
      return done(...names);
    });
    expect(wentOn?.tookMs).toBeLessThan(150);
    expect(wentOn?.answer.wentOn?.tookMs).toBeGreaterThan(190);
  });

  it('with nothing done there is nothing to go on with', async () => {
    const first = { ...emptyHandful, later: ['a'] };
    expect(await carryOn(first, ['wait'], () => Promise.reject(new Error('called')))).toEqual(first);
  });
});
