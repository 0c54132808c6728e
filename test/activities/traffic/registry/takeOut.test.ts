import { describe, expect, it } from 'vitest';
import { putBackInto } from '../../../../activities/traffic/registry/putBack.ts';
import { keepOutOf, takeOutOf } from '../../../../activities/traffic/registry/takeOut.ts';
import { Memory, rules } from './memory.ts';

const inTraffic = { id: 'a', inTraffic: true, takenOut: false };

describe('a look that takes out again whoever came back by itself', () => {
  it.each(['the same', 'another'])('does not take out whom %s worker has put back meanwhile', async (which) => {
    const shop = new Memory();
    shop.pod('a');
    const { work, hear } = shop.worker();
    const other = which === 'another' ? shop.worker() : { work, hear };
    const pod = shop.pumped('a', inTraffic);
    await takeOutOf(work, [pod], rules);
    other.hear();
    // It registers anew, as if it had never been taken out; the look of a stage that is over sees that.
    shop.instances.set('a', { takenOut: false });
    shop.meanwhile = async () => void (await putBackInto(other.work, [pod], rules));
    expect(await keepOutOf(work, [pod])).toEqual({ done: ['a'], failed: [], later: [], gone: [] });
    expect([shop.isCalled('a'), shop.hasTrail('a')]).toEqual([true, false]);
  });

  it('takes it out again while its trail is there, also where nobody can read it anew', async () => {
    const shop = new Memory();
    shop.pod('a');
    const { work } = shop.worker();
    const pod = shop.pumped('a', inTraffic);
    await takeOutOf(work, [pod], rules);
    shop.instances.set('a', { takenOut: false });
    expect(await keepOutOf(work, [pod])).toMatchObject({ again: ['a'] });
    shop.instances.set('a', { takenOut: false });
    shop.isAway = true;
    expect(await keepOutOf(work, [pod])).toMatchObject({ again: ['a'] });
    expect(shop.isCalled('a')).toBe(false);
  });

  it('does so with one that a person took out, which has no trail', async () => {
    const shop = new Memory();
    shop.pod('a');
    const { work } = shop.worker();
    const pod = shop.pumped('a', { ...inTraffic, inTraffic: false, takenOut: true });
    expect(await keepOutOf(work, [pod])).toMatchObject({ again: ['a'] });
  });
});
