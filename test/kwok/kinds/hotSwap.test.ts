import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { kindsHere } from '../../support/kindsHere.ts';
import { openWorld, type World } from '../../support/world.ts';
import { afterGray, swapsIn } from '../support/swaps.ts';

/** Those besides Deployments, see test/kwok/hotSwap.test.ts. */
const kinds = kindsHere(['statefulset', 'daemonset', 'replicaset', 'cloneset']);

describe.each(kinds)('a hot swap of a %s', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('stack').stateDir, {}, kind);
    await world.worker();
  });
  afterAll(() => world?.close());
  const { deploy, spec, ended, atGate, pairs, uids, noted } = swapsIn(() => world);

  it('each pod swaps its roles once and stays; the next version is rolled back from the gray pod', async () => {
    const name = 'swap';
    await deploy(name, 3);
    const before = await uids(name);
    await world.start(spec(name, 'v2', afterGray));
    await atGate(name);
    expect(await pairs(name)).toEqual(['empty v2 1 1', 'v1 empty 0 0', 'v1 empty 0 0']);
    await world.sluice.send(world.target(name), 'approve', { by: 'bob', gate: 'after-gray' });
    expect(await ended(name)).toMatchObject({ phase: 'succeeded', notUndone: [] });
    expect(await pairs(name)).toEqual(Array(3).fill('empty v2 1 1'));
    expect(await noted(name)).toEqual(Array(3).fill('app-2'));
    expect([await uids(name), await world.traces(name)]).toEqual([before, []]);

    await world.start(spec(name, 'v3', afterGray));
    await atGate(name);
    expect(await pairs(name)).toEqual(['empty v2 1 1', 'empty v2 1 1', 'v3 empty 2 2']);
    await world.sluice.send(world.target(name), 'rollback', { by: 'carol', reason: 'not today' });
    expect(await ended(name)).toMatchObject({ phase: 'rolledBack', fromVersion: 'v2', notUndone: [] });
    expect(await pairs(name)).toEqual(['empty v2 1 1', 'empty v2 1 1', 'empty v2 3 3']);
    expect([await uids(name), await world.traces(name)]).toEqual([before, []]);
  });
});
