import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReleaseResult } from '../../workflows/contract/status.ts';
import { planOf } from './support/plans.ts';
import { SimulatedCluster } from './support/simulatedCluster.ts';
import { simulation, withRelease } from './support/temporal.ts';
import { timeSkippingServer } from './support/timeSkippingServer.ts';

const bob = { args: [{ by: 'bob' }] as [{ by: string }] };

/** A server that cannot be reached: tried again and again. */
const away = () => ApplicationFailure.create({ type: 'CLUSTER_UNREACHABLE', message: 'the API server is away' });

describe.skipIf(timeSkippingServer() === undefined)('what a batch may take and tolerate', () => {
  let env: TestWorkflowEnvironment;
  beforeEach(async () => {
    env = await simulation();
  });
  afterEach(async () => {
    await env.teardown();
  });

  const tolerant = (sizes: readonly number[], mayFail: number) => {
    const plan = planOf(sizes);
    return new SimulatedCluster({ ...plan, batches: plan.batches.map((batch) => ({ ...batch, mayFail })) });
  };

  it('scenario 22: a batch passes with as many failed pods as may fail, and says so', async () => {
    const cluster = tolerant([1, 4], 1);
    cluster.brokenPods.add('a3');
    const result = await withRelease(env, cluster, ({ handle }) => handle.result() as Promise<ReleaseResult>);
    expect(result).toMatchObject({ phase: 'succeeded', text: expect.stringContaining('4 of 5 pods run v2; 1 failed') });
    expect([...cluster.pods.values()].every((pod) => pod.serving && pod.image === 'app:v2')).toBe(true);
  });

  it('scenario 22: one more blocks, and all go back', async () => {
    const cluster = tolerant([1, 4], 1);
    cluster.brokenPods.add('a3').add('a4');
    const result = await withRelease(env, cluster, ({ handle }) => handle.result() as Promise<ReleaseResult>);
    expect(result).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' } });
    expect(new Set(cluster.images())).toEqual(new Set(['app:v1']));
    expect([...cluster.pods.values()].every((pod) => pod.serving)).toBe(true);
  });

  it('a batch in which nothing moves fails at its progress deadline, and names the pods', async () => {
    const cluster = new SimulatedCluster(planOf([1, 1], { limits: { progressMs: 300_000 } }));
    cluster.before = (activity) => {
      if (activity === 'wait' && cluster.images().includes('app:v2')) throw away();
    };
    const result = await withRelease(env, cluster, ({ handle }) => handle.result() as Promise<ReleaseResult>);
    expect(result).toMatchObject({ phase: 'rolledBack', failure: { code: 'PROGRESS_DEADLINE_EXCEEDED' } });
    expect(result.failure?.text).toBe('gray: no pod came any further for 5m; a1 in wait');
    expect(cluster.images()).toEqual(['app:v1', 'app:v1']);
  });

  it('scenario 23: a pause longer than every deadline is no failure', async () => {
    const cluster = new SimulatedCluster(planOf([1, 3], { limits: { progressMs: 300_000, batchMs: 600_000 } }));
    let isAway = true;
    cluster.before = (activity) => {
      if (activity === 'wait' && isAway) throw away();
    };
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.batches[0]?.state === 'running');
      await handle.executeUpdate('pause', bob);
      await env.sleep('1h');
      expect(await until((now) => now.phase === 'batch')).toMatchObject({ phase: 'batch' });
      isAway = false;
      await handle.executeUpdate('resume', bob);
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
  });

  it('scenario 12: a rollback in batches takes the last batch first, each through its own pump', async () => {
    const failing = new SimulatedCluster(planOf([1, 2, 2], { rollback: 'InBatches' }));
    failing.brokenPods.add('a5');
    const result = await withRelease(env, failing, ({ handle }) => handle.result() as Promise<ReleaseResult>);
    expect(result).toMatchObject({ phase: 'rolledBack' });
    const order = failing.calls
      .filter((call) => call.startsWith('undo-patch'))
      .join(' ')
      .match(/a\d/g);
    expect(order).toHaveLength(5);
    expect(order?.slice(0, 2).toSorted()).toEqual(['a4', 'a5']);
    expect(order?.slice(2, 4).toSorted()).toEqual(['a2', 'a3']);
    expect(order?.[4]).toBe('a1');
  });
});
