import { describe, expect, it } from 'vitest';
import type { Registry } from '../../../../activities/traffic/registries/registry.ts';
import { leaveNobodyOut, putBackInto } from '../../../../activities/traffic/registry/putBack.ts';
import { keepOutOf, takeOutOf } from '../../../../activities/traffic/registry/takeOut.ts';
import type { Snapshot } from '../../../../activities/traffic/registry/work.ts';
import { Memory, rules } from './memory.ts';

/** Of the pod a that was there before. */
const before: Snapshot = { id: 'a', inTraffic: true, takenOut: false, uid: 'uid-a' };

/** A pod that was born in its place; it has not registered yet. */
function newborn(name: string, { ready = false, more = {} }: { ready?: boolean; more?: Partial<Registry> } = {}) {
  const shop = new Memory();
  shop.pod(name, { uid: 'uid-new', ready: false });
  if (ready) shop.ready(name);
  return { shop, ...shop.worker(more) };
}

describe('a pod that is made anew, with checks before its callers', () => {
  it.each([
    ['under the id of the one before it', 'a', false],
    ['under an id of its own', 'b', false],
    ['when it is ready already', 'b', true],
  ])('is kept out when it registers %s, and is called when it is put back', async (_, name, ready) => {
    const { shop, work } = newborn(name, { ready });
    const pod = shop.pumped(name, before);
    // At its birth.
    expect(await takeOutOf(work, [pod], rules)).toMatchObject({ done: [name] });
    await keepOutOf(work, [pod]);
    shop.instances.set(name, { takenOut: false });
    await keepOutOf(work, [pod]);
    expect(shop.isCalled(name)).toBe(false);
    expect(await putBackInto(work, [pod], rules)).toMatchObject({ done: [name] });
    expect([shop.isCalled(name), shop.hasTrail(name)]).toEqual([true, false]);
  });

  it('so is one that was not ready and registers itself when it has been changed in place', async () => {
    const { shop, work } = newborn('a');
    const pod = shop.pumped('a');
    await takeOutOf(work, [pod], rules);
    shop.instances.set('a', { takenOut: false });
    await keepOutOf(work, [pod]);
    expect(shop.isCalled('a')).toBe(false);
    expect(await putBackInto(work, [pod], rules)).toMatchObject({ done: ['a'] });
    expect([shop.isCalled('a'), shop.hasTrail('a')]).toEqual([true, false]);
  });

  it('is left by a release that ends as if nothing had been', async () => {
    const { shop, work } = newborn('b');
    await takeOutOf(work, [shop.pumped('b', before)], rules);
    shop.instances.set('b', { takenOut: false });
    await keepOutOf(work, [shop.pumped('b', before)]);
    await leaveNobodyOut(work);
    expect([shop.isCalled('b'), shop.hasTrail('b')]).toEqual([true, false]);
  });

  it.each([
    ['a', 1],
    ['shop:a:8080', 1],
    ['b', 0],
    ['a2:8080', 0],
    ['cafea:8080', 0],
  ])('has its place held only where that can be its own: %s', async (id, times) => {
    const held: string[] = [];
    const hold: Registry['hold'] = async (stand) => void held.push(stand.id);
    const { shop, work } = newborn('a', { more: { hold } });
    await takeOutOf(work, [shop.pumped('a', { ...before, id })], rules);
    await keepOutOf(work, [shop.pumped('a', { ...before, id })]);
    expect(held).toEqual(Array(times).fill(id));
  });
});

describe('a pod that is born under the id of one that was taken out', () => {
  it('is put back, although what says so has gone with that one', async () => {
    const { shop, work } = newborn('a');
    shop.instances.set('a', { takenOut: true });
    expect(await putBackInto(work, [shop.pumped('a', before)], rules)).toMatchObject({ done: ['a'] });
    expect(shop.isCalled('a')).toBe(true);
  });

  it('waits for its checks as it is, out', async () => {
    const { shop, work } = newborn('a');
    shop.instances.set('a', { takenOut: true });
    const pod = shop.pumped('a', before);
    expect(await takeOutOf(work, [pod], rules)).toMatchObject({ done: ['a'] });
    expect([shop.calls, shop.hasTrail('a')]).toEqual([[], true]);
    expect(await putBackInto(work, [pod], rules)).toMatchObject({ done: ['a'] });
    expect([shop.isCalled('a'), shop.hasTrail('a')]).toEqual([true, false]);
  });

  it.each([
    ['who had taken out the one before it', { ...before, inTraffic: false, takenOut: true }],
    ['who takes out the one that was looked at', { ...before, uid: 'uid-new' }],
  ])('stays out by a person %s', async (_, snapshot) => {
    const { shop, work } = newborn('a');
    shop.instances.set('a', { takenOut: true });
    const pod = shop.pumped('a', snapshot);
    expect(await takeOutOf(work, [pod], rules)).toMatchObject({ done: ['a'] });
    expect(await putBackInto(work, [pod], rules)).toMatchObject({ done: ['a'] });
    expect(shop.calls).toEqual([]);
  });
});
