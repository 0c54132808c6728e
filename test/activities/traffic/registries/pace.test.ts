import { setMaxListeners } from 'node:events';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { RegistryFailure } from '../../../../activities/traffic/registries/failure.ts';
import { Pace } from '../../../../activities/traffic/registries/pace.ts';
import { virtualClock } from './virtualClock.ts';

/** A call that somebody wants to make: when, how many a second he allows, and how it ends. */
interface Wish {
  readonly atMs: number;
  readonly perSecond: number;
  readonly takesMs: number;
  readonly ends: 'well' | 'badly' | { readonly retryAfterMs: number };
  /** When he does not want it any more. */
  readonly untilMs: number;
}

interface Begun extends Wish {
  /** Which of the wishes it was. */
  readonly nth: number;
  readonly beganMs: number;
  readonly endedMs: number;
}

const someRates = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 });
/** Each timer may be late, as where the process is busy for a third of a second. */
const someLateness = fc.array(fc.oneof(fc.constant(0), fc.nat(3), fc.nat(350)), { minLength: 1, maxLength: 20 });
const someWishes = (ends: fc.Arbitrary<Wish['ends']>) =>
  someRates.chain((rates) =>
    fc.array(
      fc.record({
        atMs: fc.nat(2_500),
        perSecond: fc.constantFrom(...rates),
        takesMs: fc.nat(400),
        ends,
        untilMs: fc.oneof({ weight: 5, arbitrary: fc.constant(Infinity) }, { weight: 1, arbitrary: fc.nat(4_000) }),
      }),
      { minLength: 1, maxLength: 120 },
    ),
  );

/** Makes them all; answers who began, in their order, and who was refused. */
async function made(wishes: readonly Wish[], lateness: readonly number[]) {
  const clock = virtualClock(lateness);
  const { signal: asleep } = new AbortController();
  setMaxListeners(0, asleep);
  const pace = new Pace(clock);
  const begun: Begun[] = [];
  const refused: Wish[] = [];
  const all = wishes.map(async (wish, nth) => {
    const own = new AbortController();
    if (wish.untilMs < Infinity) void clock.sleep(wish.untilMs, asleep).then(() => own.abort(new Error('too late')));
    if (wish.atMs > 0) await clock.sleep(wish.atMs, asleep);
    try {
      const attempt = await pace.turn('registry:80', wish.perSecond, own.signal);
      const call = { ...wish, nth, beganMs: clock.now(), endedMs: Infinity };
      begun.push(call);
      await clock.sleep(wish.takesMs, asleep);
      call.endedMs = clock.now();
      if (wish.ends === 'well') attempt.succeeded();
      else attempt.failed(wish.ends === 'badly' ? 0 : wish.ends.retryAfterMs);
    } catch (error) {
      if (error instanceof RegistryFailure) refused.push(wish);
      else if (!own.signal.aborted) throw error;
    }
  });
  await clock.run();
  await Promise.all(all);
  return { begun, refused };
}

it('lets no more calls begin in any second than each of them allows, however many ask at once and however late timers are', async () => {
  await fc.assert(
    fc.asyncProperty(someWishes(fc.constant('well')), someLateness, async (wishes, lateness) => {
      const { begun, refused } = await made(wishes, lateness);
      expect(refused).toEqual([]);
      expect(begun.length).toBeGreaterThanOrEqual(wishes.filter(({ untilMs }) => untilMs === Infinity).length);
      for (const { beganMs: fromMs } of begun) {
        const within = begun.filter(({ beganMs }) => beganMs >= fromMs && beganMs < fromMs + 1_000);
        expect(within.length).toBeLessThanOrEqual(Math.min(...within.map(({ perSecond }) => perSecond)));
      }
    }),
  );
});

it('uses what it may: so many calls take no longer than they must, in the order in which they were asked for', async () => {
  const some = [fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 100 })] as const;
  await fc.assert(
    fc.asyncProperty(...some, async (count, perSecond) => {
      const wish: Wish = { perSecond, takesMs: 0, atMs: 0, ends: 'well', untilMs: Infinity };
      const wishes = Array.from({ length: count }, () => ({ ...wish }));
      const { begun } = await made(wishes, [0, 5, 0, 3, 12]);
      // A second loses no more than what one timer is late.
      expect(begun.at(-1)?.beganMs).toBeLessThanOrEqual(((count - 1) / perSecond) * 1_012 + 12);
      expect(begun.map(({ nth }) => nth)).toEqual(wishes.map((_, nth) => nth));
    }),
  );
});

it('lets nobody through while the server wants to be left alone, also of those who waited before', async () => {
  const ends = fc.oneof(
    fc.constant<Wish['ends']>('well'),
    fc.constant<Wish['ends']>('badly'),
    fc.record({ retryAfterMs: fc.nat(3_000) }),
  );
  await fc.assert(
    fc.asyncProperty(someWishes(ends), someLateness, async (wishes, lateness) => {
      const { begun } = await made(wishes, lateness);
      for (const { ends: how, endedMs } of begun) {
        if (typeof how === 'string') continue;
        const tooEarly = begun.filter(({ beganMs }) => beganMs > endedMs && beganMs < endedMs + how.retryAfterMs);
        expect(tooEarly).toEqual([]);
      }
    }),
  );
});
