import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import type { ReleaseStatus } from '../../workflows/contract/status.ts';
import { type KillPoint, openWorld, until, type World } from '../support/world.ts';
import { endStateOf, rolledBack, succeeded } from './endState.ts';
import { deployV1, endOf, type Outside, openOutside, patience, specOf } from './helpers.ts';
import { hasComeTo } from './points.ts';

/** Workers that come and go in the middle of a release: it ends as if nobody had disturbed it. */

let outside: Outside;
let directory: string;
let world: World;
beforeAll(async () => {
  outside = await openOutside();
  directory = await mkdtemp(join(tmpdir(), 'sluice-disturbed-'));
  world = await openWorld(inject('stack').stateDir);
});
afterAll(async () => {
  outside.close();
  await world?.close();
  await rm(directory, { recursive: true, force: true });
});

async function begin(name: string, change: Partial<ReleaseSpecInput> = {}) {
  await deployV1(world, name);
  const before = await world.pods(name);
  await world.start({ ...specOf(world, name, outside), ...change });
  return before;
}

/** The second pod has its new image, and its release does not know it yet; a short silence goes on to the patch itself. */
const inHand: KillPoint = { point: 'silence › patch pods: images', when: 'after', nth: 2 };

const inBatch = ({ batches }: ReleaseStatus): boolean => batches[1]?.state === 'running';

describe('scenario 55: a release ends as undisturbed when', { timeout: 180_000 }, () => {
  it('two workers serve its cluster, and one of them is killed in mid-batch', async () => {
    const workers = [await world.worker(), await world.worker()];
    const before = await begin('two');
    await world.until('two', inBatch);
    await workers[0]?.kill();
    await endOf(world, 'two');
    await expect.poll(() => endStateOf(world, 'two', before), patience).toEqual(succeeded(3));
    await workers[1]?.stop();
  });

  it('its worker is stopped in mid-batch (SIGTERM, a rolling update of the worker) and another one comes', async () => {
    const worker = await world.worker();
    const before = await begin('updated');
    await world.until('updated', inBatch);
    await worker.stop();
    const next = await world.worker();
    await endOf(world, 'updated');
    await expect.poll(() => endStateOf(world, 'updated', before), patience).toEqual(succeeded(3));
    await next.stop();
  });

  it('its worker is killed while a gate waits: what was decided stays decided', async () => {
    const worker = await world.worker();
    const approval = { required: 2, from: ['anna', 'bob', 'carl'] };
    const before = await begin('gate', { gates: { afterGray: { bake: '0s', approval } } });
    await world.until('gate', ({ waiting }) => waiting?.for === 'approval');
    const gate = { gate: 'after-gray' };
    await world.sluice.send(world.target('gate'), 'approve', { ...gate, by: 'anna' });
    await worker.kill();
    const next = await world.worker();
    const again = world.sluice.send(world.target('gate'), 'approve', { ...gate, by: 'anna' });
    await expect(again).rejects.toMatchObject({ code: 'ALREADY_DECIDED' });
    await world.sluice.send(world.target('gate'), 'approve', { ...gate, by: 'bob' });
    await endOf(world, 'gate');
    await expect.poll(() => endStateOf(world, 'gate', before), patience).toEqual(succeeded(3));
    await next.stop();
  });

  it('its worker is killed with pods drained, and the rollback is asked for before another one is there', async () => {
    const points = join(directory, 'rollback');
    const worker = await world.worker({ points, kills: { back: inHand } });
    const before = await begin('back');
    await world.until('back', inBatch);
    await until(async () => hasComeTo(points, 'back', inHand));
    await worker.kill();
    const asked = world.sluice.send(world.target('back'), 'rollback', { by: 'carol' }).catch(String);
    const next = await world.worker();
    await asked;
    await endOf(world, 'back');
    const after = await world.pods('back');
    const restarts = [...after.values()].map((pod) => pod.restarts);
    // The pod that was in hand too may have been changed before the kill, or not.
    expect(restarts.filter((times) => times === 2).length).toBeGreaterThanOrEqual(2);
    expect(restarts.every((times) => times === 0 || times === 2)).toBe(true);
    await expect.poll(() => endStateOf(world, 'back', before), patience).toEqual(rolledBack(restarts));
    await next.stop();
  });

  it('its worker is killed while it is paused in mid-batch: it stays paused, and goes on when told to', async () => {
    const worker = await world.worker();
    const before = await begin('paused');
    await world.until('paused', inBatch);
    await world.sluice.send(world.target('paused'), 'pause', { by: 'anna' });
    await worker.kill();
    const next = await world.worker();
    const { paused } = await world.sluice.status(world.target('paused'));
    expect(paused).toMatchObject({ by: 'anna' });
    await world.sluice.send(world.target('paused'), 'resume', { by: 'anna' });
    await endOf(world, 'paused');
    await expect.poll(() => endStateOf(world, 'paused', before), patience).toEqual(succeeded(3));
    await next.stop();
  });

  it('its worker is away for longer than a batch may stand still: nobody worked, so nothing stood still', async () => {
    const points = join(directory, 'away');
    const worker = await world.worker({ points, kills: { away: inHand } });
    const strategy = { ...specOf(world, 'away', outside).strategy, progressDeadline: '15s' };
    const before = await begin('away', { strategy });
    await until(async () => hasComeTo(points, 'away', inHand));
    await worker.kill();
    // The one thing here that is nothing but time: the deadline, and what makes an absence of a late answer.
    await sleep(30_000);
    const next = await world.worker();
    await endOf(world, 'away');
    await expect.poll(() => endStateOf(world, 'away', before), patience).toEqual(succeeded(3));
    await next.stop();
  });
});
