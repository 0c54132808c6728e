import { describe, expect, it } from 'vitest';
import { putBackInto } from '../../../../activities/traffic/registry/putBack.ts';
import { takeOutOf } from '../../../../activities/traffic/registry/takeOut.ts';
import { Memory, rules } from './memory.ts';

const before = { id: 'a', inTraffic: true, takenOut: false };

/** Pod a, taken out by one worker. Another one has heard of it before that. */
async function takenOut() {
  const shop = new Memory();
  shop.pod('a');
  const other = shop.worker();
  const one = shop.worker();
  await takeOutOf(one.work, [shop.pumped('a', before)], rules);
  return { shop, one, other };
}

describe('a pod comes back', () => {
  it('also where its trail has not been heard of by the worker that puts it back', async () => {
    const { shop, other } = await takenOut();
    expect(await putBackInto(other.work, [shop.pumped('a', before)], rules)).toMatchObject({ done: ['a'] });
    expect([shop.isCalled('a'), shop.hasTrail('a')]).toEqual([true, false]);
  });

  it('not where a person took it out, who leaves no trail', async () => {
    const shop = new Memory();
    shop.pod('a');
    shop.instances.set('a', { takenOut: true });
    const { work } = shop.worker();
    expect(await putBackInto(work, [shop.pumped('a', before)], rules)).toMatchObject({ done: ['a'] });
    expect(shop.calls).toEqual([]);
  });
});
