import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { sampleImage } from '../../local/sample.ts';
import { releaseId } from '../../workflows/contract/names.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { historiesOf, record, replay } from '../replay/histories.ts';
import { openWorld, type WorkerProcess, type World } from '../support/world.ts';
import { deployV1, endOf, type Outside, openImpatientTemporal, openOutside, specOf } from './helpers.ts';

/**
 * Real releases can be replayed by the code that made them. `npm run record-histories` also writes them down, for
 * test/replay to hold later code to them.
 */

const approval = { required: 1, from: [] };
let temporal: TestWorkflowEnvironment;
let outside: Outside;
const worlds: World[] = [];
const workers: WorkerProcess[] = [];
beforeAll(async () => {
  outside = await openOutside();
  temporal = await openImpatientTemporal(40);
});
afterEach(async () => {
  outside.errors = 0;
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
});
afterAll(async () => {
  outside?.close();
  await Promise.all(worlds.map((world) => world.close()));
  await temporal?.teardown();
});

/** A release of `app` in a world of its own, with a worker. */
async function begin(change: Partial<ReleaseSpecInput>, replicas = 3, address?: string): Promise<World> {
  const world = await openWorld(inject('stack').stateDir, address === undefined ? {} : { TEMPORAL_ADDRESS: address });
  worlds.push(world);
  workers.push(await world.worker());
  if (replicas === 3) await deployV1(world, 'app');
  else await world.deploy({ name: 'app', image: sampleImage('v1'), runtime: 'kwok', replicas });
  await world.start({ ...specOf(world, 'app', outside), ...change });
  return world;
}

const say = (world: World, message: 'pause' | 'resume' | 'rollback') =>
  world.sluice.send(world.target('app'), message, { by: 'anna' });

async function ended(world: World, scenario: string): Promise<string> {
  await endOf(world, 'app');
  const runs = await historiesOf(world.client, releaseId(world.target('app')));
  expect(await replay(runs)).toEqual([]);
  if (process.env['SLUICE_RECORD'] === '1') record(scenario, runs);
  return (await world.sluice.status(world.target('app'))).phase;
}

describe('the history of a release', { timeout: 120_000 }, () => {
  it('that succeeded, with a drain, a check, an approval and a pause', async () => {
    const world = await begin({ gates: { afterGray: { bake: '100ms', approval }, afterBatch: { bake: '0s' } } });
    await world.until('app', ({ waiting }) => waiting?.for === 'approval');
    await say(world, 'pause');
    await world.sluice.send(world.target('app'), 'approve', { gate: 'after-gray', by: 'anna' });
    await say(world, 'resume');
    expect(await ended(world, 'succeeded')).toBe('succeeded');
  });

  it('that was rolled back in mid-batch', async () => {
    const world = await begin({});
    await world.until('app', ({ batches }) => batches[1]?.state === 'running');
    await say(world, 'rollback');
    expect(await ended(world, 'rolled-back')).toBe('rolledBack');
  });

  it('that was held at a failed check, and resumed', async () => {
    outside.errors = 1;
    const world = await begin({ onFailure: 'Hold' });
    await world.until('app', ({ phase }) => phase === 'held');
    outside.errors = 0;
    await say(world, 'resume');
    expect(await ended(world, 'held-and-resumed')).toBe('succeeded');
  });

  it('that continued as new', async () => {
    const world = await begin({}, 6, temporal.address);
    expect(await ended(world, 'continued-as-new')).toBe('succeeded');
  });
});
