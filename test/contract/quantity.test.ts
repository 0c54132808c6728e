import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationSchema, quantitySchema, someTimeSchema } from '../../workflows/contract/quantity.schema.ts';
import { humanDuration, milliseconds, share } from '../../workflows/contract/quantity.ts';

describe('durations', () => {
  it.each([
    ['0s', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['2d', 172_800_000],
    ['1h30m', 5_400_000],
    ['1m500ms', 60_500],
    ['1d2h3m4s5ms', 93_784_005],
  ])('%s is %i ms', (text, ms) => {
    expect(durationSchema.safeParse(text).success).toBe(true);
    expect(milliseconds(text)).toBe(ms);
  });

  it.each(['', '5', '5 m', '1.5h', '-5s', '5min', 'm', '30m1h', '5s5s', '5S', '99999d'])('refuses %j', (text) => {
    expect(durationSchema.safeParse(text).success).toBe(false);
  });

  it('refuses nothing where some time is needed', () => {
    expect(['0s', '0m0s', '1ms'].map((text) => someTimeSchema.safeParse(text).success)).toEqual([false, false, true]);
  });

  it('are told to people as they are written', () => {
    const seconds = fc.integer({ min: 0, max: 40 * 86_400 });
    fc.assert(
      fc.property(seconds, (count) => {
        const text = humanDuration(count * 1000);
        expect(durationSchema.safeParse(text).success).toBe(true);
        expect(milliseconds(text)).toBe(count * 1000);
      }),
    );
    expect([0, 250, 999.6, 45_000, 300_000, 5_400_000, 90_061_000].map(humanDuration)).toEqual([
      '0s',
      '250ms',
      '1000ms',
      '45s',
      '5m',
      '1h30m',
      '1d1h1m1s',
    ]);
  });
});

describe('quantities', () => {
  it.each([
    [3, 12, 3],
    ['25%', 12, 3],
    ['20%', 11, 2.2],
    ['100%', 7, 7],
  ])('%s of %i is %d', (quantity, total, pods) => {
    expect(quantitySchema.safeParse(quantity).success).toBe(true);
    expect(share(quantity, total)).toBe(pods);
  });

  it.each([0, -1, 1.5, '0%', '101%', '-5%', '1.5%', '%', '25', ' 25%', '007%', null, true])('refuses %j', (value) => {
    expect(quantitySchema.safeParse(value).success).toBe(false);
  });
});
