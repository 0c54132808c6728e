import type { WorkflowFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planOf } from './support/plans.ts';
import { SimulatedCluster } from './support/simulatedCluster.ts';
import { simulation, withRelease } from './support/temporal.ts';
import { timeSkippingServer } from './support/timeSkippingServer.ts';

const approval = { required: 1, from: [], onExpiry: 'hold' as const };
const approve = { gate: 'after-gray', by: 'bob' };
const bob = { args: [{ by: 'bob' }] as [{ by: string }] };

describe.skipIf(timeSkippingServer() === undefined)('a workload that others change in mid-release', () => {
  let env: TestWorkflowEnvironment;
  beforeEach(async () => {
    env = await simulation();
  });
  afterEach(async () => {
    await env.teardown();
  });

  it('scenario 18: scaled up or down while it waits, the shares are taken of the pods there are, without a new approval', async () => {
    for (const [replicas, sizes] of [
      [11, [1, 2, 3, 5]],
      [4, [1, 1, 1, 1]],
      [3, [1, 1, 1]],
    ] as const) {
      const shape = { ...planOf([1]).shape, batches: ['20%', '30%', '50%'] as const };
      const cluster = new SimulatedCluster(
        planOf([1, 1, 2, 2], { shape: { ...shape, batches: [...shape.batches] } }, [{ approval }]),
      );
      const ended = await withRelease(env, cluster, async ({ handle, until, status }) => {
        await until((now) => now.waiting?.for === 'approval');
        cluster.scale(replicas);
        await handle.executeUpdate('approve', { args: [approve] });
        expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
        return status();
      });
      expect(ended.batches.map(({ pods }) => pods.length)).toEqual(sizes);
      expect(new Set(cluster.images())).toEqual(new Set(['app:v2']));
      expect([...cluster.pods.values()].every((pod) => pod.serving && pod.restarts === 1)).toBe(true);
    }
  });

  it('a pod of the new version that falls back to the old is done again, and not a pod twice', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2, 2], {}, [{ approval }]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      const gray = cluster.pods.get('a1');
      if (gray) gray.image = 'app:v1';
      await handle.executeUpdate('approve', { args: [approve] });
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect([...cluster.pods.values()].map(({ image, restarts }) => `${image} ${restarts}`)).toEqual([
      'app:v2 2',
      ...Array.from({ length: 4 }, () => 'app:v2 1'),
    ]);
  });

  it('a changed template stops it whatever onFailure says; take over undoes the change and goes on', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2], {}, [{ approval }]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      cluster.drift = true;
      await handle.executeUpdate('approve', { args: [approve] });
      const held = await until((now) => now.phase === 'held');
      expect(held.text).toContain('Take over undoes that change');
      expect(cluster.images()).toEqual(['app:v2', 'app:v1', 'app:v1']);
      await handle.executeUpdate('resume', bob);
      await until((now) => now.phase === 'held' && now.log.filter(({ text }) => text.startsWith('Held')).length === 2);
      await handle.executeUpdate('takeOver', bob);
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(cluster.calls).toContain('takeOver');
    expect(new Set(cluster.images())).toEqual(new Set(['app:v2']));
  });

  it('adopt ends it there: pods stay as they are, what we added is taken away, the workload is given back', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2], {}, [{ approval }]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      cluster.drift = true;
      await handle.executeUpdate('approve', { args: [approve] });
      await until((now) => now.phase === 'held');
      await handle.executeUpdate('adopt', bob);
      expect(await handle.result()).toMatchObject({ phase: 'handedOver' });
    });
    expect(cluster.images()).toEqual(['app:v2', 'app:v1', 'app:v1']);
    expect(cluster).toMatchObject({ open: false, paused: false, holder: undefined, templateImage: 'app:v1' });
    expect(cluster.calls.slice(-2)).toEqual(['closeTraffic', 'release']);
  });

  it('rollback wins over a change by somebody else, too', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2], {}, [{ approval }]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      cluster.drift = true;
      await handle.executeUpdate('approve', { args: [approve] });
      await until((now) => now.phase === 'held');
      await handle.executeUpdate('rollback', bob);
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(new Set(cluster.images())).toEqual(new Set(['app:v1']));
  });

  it('a workload that was deleted ends it: nothing is retried, and what is left of us is taken away', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2], { onFailure: 'Hold' }, [{ approval }]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      cluster.deleted = true;
      cluster.pods.clear();
      await handle.executeUpdate('approve', { args: [approve] });
      const failure = await handle.result().catch((error: unknown) => error);
      expect((failure as WorkflowFailedError).cause).toMatchObject({ type: 'WORKLOAD_NOT_FOUND' });
      const ended = await until((now) => now.phase === 'failed');
      expect(ended).toMatchObject({ notUndone: [], failure: { text: expect.stringContaining('deleted') } });
    });
    expect(cluster.open).toBe(false);
  });
});
