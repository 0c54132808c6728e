import { describe, expect, it } from 'vitest';
import { leaveNobodyOut, putBackInto } from '../../../../activities/traffic/registry/putBack.ts';
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

describe('a pod that is told to end while it is out stays out: callers would meet it', () => {
  it.each(['heard', 'not heard'])('when its release ends, on a worker that has %s of it', async (heard) => {
    const { shop, one } = await takenOut();
    shop.end('a');
    if (heard === 'heard') one.hear();
    // Between two looks its application takes itself off.
    shop.meanwhile = async () => {
      one.hear();
      shop.instances.delete('a');
    };
    await leaveNobodyOut(one.work);
    // Nobody else who registers so is kept out by it.
    expect([shop.calls, shop.hasTrail('a')]).toEqual([['takeOut a', 'forget a'], false]);
  });

  it('and does not hold up the end of its release where it is gone meanwhile', async () => {
    const { shop, one } = await takenOut();
    shop.end('a');
    one.hear();
    shop.meanwhile = async () => shop.gone('a');
    await leaveNobodyOut(one.work);
    expect(shop.calls).toEqual(['takeOut a', 'forget a']);
  });

  it('when its batch puts it back', async () => {
    const { shop, one } = await takenOut();
    shop.end('a');
    one.hear();
    expect(await putBackInto(one.work, [shop.pumped('a', before)], rules)).toMatchObject({ gone: ['a'] });
    expect(shop.calls).toEqual(['takeOut a']);
  });
});

it('a pod that may be several instances keeps its trail, so that the next release finds it', async () => {
  const { shop, one } = await takenOut();
  const look = async () => new Map([['a', { is: 'several', ids: ['a', 'b'] } as const]]);
  const unsure = shop.worker({ look });
  unsure.hear();
  await leaveNobodyOut(unsure.work);
  expect([shop.isCalled('a'), shop.hasTrail('a')]).toEqual([false, true]);
  await leaveNobodyOut(one.work);
  expect([shop.isCalled('a'), shop.hasTrail('a')]).toEqual([true, false]);
});
