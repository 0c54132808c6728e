import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { sampleImage } from '../../local/sample.ts';
import { batchId, releaseId } from '../../workflows/contract/names.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import type { ReleaseStatus } from '../../workflows/contract/status.ts';
import { openWorld, type PodFacts, type WorkerProcess, type World } from '../support/world.ts';
import { endStateOf, rolledBack, succeeded } from './endState.ts';
import { endOf, type Outside, openImpatientTemporal, openOutside, patience, specOf } from './helpers.ts';

/**
 * Releases whose history is cut after every few pods: a Temporal server of its own suggests to continue as new after
 * 40 events instead of 4,096. What happens here with nine pods happens elsewhere with thousands.
 */

const approval = { required: 1, from: [] };

let temporal: TestWorkflowEnvironment;
let outside: Outside;
let world: World;
let worker: WorkerProcess;
beforeAll(async () => {
  temporal = await openImpatientTemporal(40);
  outside = await openOutside();
  world = await openWorld(inject('stack').stateDir, { TEMPORAL_ADDRESS: temporal.address });
  worker = await world.worker();
});
afterAll(async () => {
  outside?.close();
  await worker?.stop();
  await world?.close();
  await temporal?.teardown();
});

/** Nine pods, one at a time: gray, then two batches of four; each gate waits for somebody. */
async function begin(name: string): Promise<ReadonlyMap<string, PodFacts>> {
  await world.deploy({ name, image: sampleImage('v1'), runtime: 'kwok', replicas: 9 });
  const before = await world.pods(name);
  const spec = specOf(world, name, outside);
  const change: Partial<ReleaseSpecInput> = {
    strategy: { ...spec.strategy, batches: { count: 2 }, maxUnavailable: 1 },
    gates: { afterGray: { bake: '0s', approval }, afterBatch: { bake: '0s', approval } },
  };
  await world.start({ ...spec, ...change });
  return before;
}

const say = (name: string, message: 'pause' | 'resume' | 'rollback') =>
  world.sluice.send(world.target(name), message, { by: 'anna' });
async function approve(name: string, gate: string): Promise<void> {
  await world.until(name, ({ waiting }) => waiting?.for === 'approval' && waiting.gate === gate);
  await world.sluice.send(world.target(name), 'approve', { gate, by: 'anna' });
}
const doneIn = ({ batches }: ReleaseStatus, index: number): number =>
  batches[index]?.pods.filter(({ state }) => state === 'done').length ?? 0;

/** How many runs a workflow has had. */
async function runsOf(workflowId: string): Promise<number> {
  let runs = 0;
  for await (const _ of world.client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) runs += 1;
  return runs;
}

describe('scenario 57: a release that continues as new', { timeout: 240_000 }, () => {
  it('keeps its approvals and a pause in mid-batch, and ends as undisturbed', async () => {
    const before = await begin('long');
    await approve('long', 'after-gray');
    await world.until('long', (status) => doneIn(status, 1) >= 1);
    await say('long', 'pause');
    const paused = await world.until('long', ({ batches }) =>
      (batches[1]?.pods ?? []).every(({ state }) => state === 'done' || state === 'queued'),
    );
    const done = doneIn(paused, 1);
    expect(done).toBeLessThan(4);
    await say('long', 'resume');
    await approve('long', 'after-batch-1');
    await approve('long', 'after-batch-2');
    await endOf(world, 'long');
    await expect.poll(() => endStateOf(world, 'long', before), patience).toEqual(succeeded(9));

    const status = await world.sluice.status(world.target('long'));
    const said = status.log.map(({ text }) => text);
    for (const text of ['Approved after-gray (1 of 1).', 'Approved after-batch-1 (1 of 1).', 'Resumed.']) {
      expect(said).toContain(text);
    }
    expect(status.progress).toEqual({ total: 9, done: 9, failed: 0 });
    const id = releaseId(world.target('long'));
    expect(await runsOf(id)).toBeGreaterThan(1);
    expect(await runsOf(batchId(id, status.run, 'batch-1'))).toBeGreaterThan(1);
  });

  it('knows in its rollback what its earlier runs have done', async () => {
    const before = await begin('back');
    await approve('back', 'after-gray');
    await approve('back', 'after-batch-1');
    await world.until('back', (status) => doneIn(status, 2) >= 2);
    expect(await runsOf(releaseId(world.target('back')))).toBeGreaterThan(1);
    await say('back', 'rollback');
    await endOf(world, 'back');
    const restarts = [...(await world.pods('back')).values()].map((pod) => pod.restarts);
    expect(restarts.filter((times) => times === 2).length).toBeGreaterThanOrEqual(7);
    expect(restarts.every((times) => times === 0 || times === 2)).toBe(true);
    await expect.poll(() => endStateOf(world, 'back', before), patience).toEqual(rolledBack(restarts));
  });

  it('takes a pause that comes while it goes from run to run', async () => {
    const before = await begin('often');
    await approve('often', 'after-gray');
    for (let done = 0; done < 4; done += 1) {
      await world.until('often', (status) => doneIn(status, 1) >= done);
      await say('often', 'pause');
      await say('often', 'resume');
    }
    await approve('often', 'after-batch-1');
    await approve('often', 'after-batch-2');
    await endOf(world, 'often');
    await expect.poll(() => endStateOf(world, 'often', before), patience).toEqual(succeeded(9));
  });
});
