import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReleaseResult } from '../../workflows/contract/status.ts';
import { planOf } from './support/plans.ts';
import { SimulatedCluster } from './support/simulatedCluster.ts';
import { type Running, simulation, withRelease } from './support/temporal.ts';
import { timeSkippingServer } from './support/timeSkippingServer.ts';

const minutes = 60_000;
const warmUpMs = 30 * minutes;
const plan = (sizes: readonly number[]) =>
  planOf(sizes, { maxUnavailable: 2, warmUpMs, limits: { progressMs: warmUpMs + 10 * minutes } });

async function lasted({ handle }: Running): Promise<number> {
  const { startTime, closeTime } = await handle.describe();
  return (closeTime?.getTime() ?? Number.NaN) - startTime.getTime();
}

describe.skipIf(timeSkippingServer() === undefined)('strategy.warmUp (time skipping)', () => {
  let env: TestWorkflowEnvironment;
  beforeEach(async () => {
    env = await simulation();
  });
  afterEach(async () => {
    await env.teardown();
  });

  it('a pod that is back keeps its place for so long', async () => {
    const cluster = new SimulatedCluster(plan([1, 4]));
    await withRelease(env, cluster, async (running) => {
      const result = (await running.handle.result()) as ReleaseResult;
      expect(result).toMatchObject({ phase: 'succeeded', pods: 5 });
      // Gray alone, then two and two.
      const ms = await lasted(running);
      expect(ms).toBeGreaterThanOrEqual(3 * warmUpMs);
      expect(ms).toBeLessThan(4 * warmUpMs);
    });
    expect(cluster.mostDown).toBeLessThanOrEqual(2);
  });

  it('a rollback waits for none, forwards or back', async () => {
    const cluster = new SimulatedCluster(plan([1, 4]));
    await withRelease(env, cluster, async (running) => {
      cluster.before = async (activity) => {
        if (activity === 'restore') await running.handle.signal('rollback', { by: 'bob' });
      };
      const result = (await running.handle.result()) as ReleaseResult;
      expect(result).toMatchObject({ phase: 'rolledBack' });
      expect(await lasted(running)).toBeLessThan(warmUpMs);
    });
    expect([...cluster.pods.values()].map(({ serving, restarts }) => [serving, restarts])).toEqual([
      [true, 2],
      ...Array.from({ length: 4 }, () => [true, 0]),
    ]);
  });
});
