import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planOf } from './support/plans.ts';
import { SimulatedCluster } from './support/simulatedCluster.ts';
import { simulation, withRelease } from './support/temporal.ts';
import { timeSkippingServer } from './support/timeSkippingServer.ts';

const approval = { required: 1, from: [], onExpiry: 'hold' as const };

describe.skipIf(timeSkippingServer() === undefined)('a plan that people change in mid-release', () => {
  let env: TestWorkflowEnvironment;
  beforeEach(async () => {
    env = await simulation();
  });
  afterEach(async () => {
    await env.teardown();
  });

  it('scenario 20: sizes and gates from here on; no pod is upgraded twice', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2, 2, 2], {}, [{ approval }]));
    const ended = await withRelease(env, cluster, async ({ handle, until, status }) => {
      await until((now) => now.waiting?.for === 'approval');
      const change = {
        by: 'anna',
        strategy: { batches: ['50%', '50%'], maxUnavailable: 3 },
        gates: { afterBatch: { approval: {} } },
      };
      expect(await handle.executeUpdate('changePlan', { args: [change] })).toMatchObject({
        text: expect.stringContaining('batch-1 3 pods, batch-2 3 pods; at most 3 pods out of service'),
      });
      await handle.executeUpdate('approve', { args: [{ by: 'bob', gate: 'after-gray' }] });
      await until((now) => now.waiting?.gate === 'after-batch-1');
      expect(cluster.images().filter((image) => image === 'app:v2')).toHaveLength(4);
      await handle.executeUpdate('changePlan', {
        args: [{ by: 'anna', strategy: { batches: [1, 2] }, gates: { afterBatch: { approval: false } } }],
      });
      // The gate that is open keeps its approval.
      await handle.executeUpdate('approve', { args: [{ by: 'bob', gate: 'after-batch-1' }] });
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
      return status();
    });
    expect(ended.batches.map(({ name, pods }) => `${name} ${pods.length}`)).toEqual([
      'gray 1',
      'batch-1 3',
      'batch-2 1',
      'batch-3 2',
    ]);
    expect([...cluster.pods.values()].every(({ restarts, serving }) => restarts === 1 && serving)).toBe(true);
    expect(ended.log.filter(({ by }) => by === 'anna')).toHaveLength(2);
  });

  it('skips to a batch while it is paused, and a rollback still undoes all of it', async () => {
    const gate = { bakeMs: 0, approval };
    const shape = { ...planOf([1]).shape, gate };
    const cluster = new SimulatedCluster(
      planOf(
        [1, 2, 2, 2],
        { shape },
        Array.from({ length: 4 }, () => gate),
      ),
    );
    await withRelease(env, cluster, async ({ handle, until, status }) => {
      await until((now) => now.waiting?.for === 'approval');
      await handle.executeUpdate('pause', { args: [{ by: 'anna' }] });
      await handle.executeUpdate('skipTo', { args: [{ by: 'anna', batch: 'batch-2' }] });
      await handle.executeUpdate('resume', { args: [{ by: 'anna' }] });
      await handle.executeUpdate('approve', { args: [{ by: 'bob', gate: 'after-gray' }] });
      const { batches } = await until((now) => now.waiting?.gate === 'after-batch-2');
      expect(batches.map(({ name, pods }) => `${name} ${pods.length}`)).toEqual(['gray 1', 'batch-2 4', 'batch-3 2']);
      expect(cluster.images().filter((image) => image === 'app:v2')).toHaveLength(5);
      await handle.executeUpdate('rollback', { args: [{ by: 'anna' }] });
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack' });
      return status();
    });
    expect(new Set(cluster.images())).toEqual(new Set(['app:v1']));
    expect([...cluster.pods.values()].every(({ serving }) => serving)).toBe(true);
  });
});
