import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HandfulRequest } from '../../workflows/contract/activities/handful.ts';
import type { Plan } from '../../workflows/contract/plan.ts';
import type { ReleaseResult } from '../../workflows/contract/status.ts';
import { planOf } from './support/plans.ts';
import { SimulatedCluster } from './support/simulatedCluster.ts';
import { type Running, simulation, withRelease } from './support/temporal.ts';
import { timeSkippingServer } from './support/timeSkippingServer.ts';

const minutes = 60_000;
const warmUpMs = 30 * minutes;
const plan = (sizes: readonly number[], more: Partial<Plan> = {}) =>
  planOf(sizes, { maxUnavailable: 2, warmUpMs, limits: { progressMs: warmUpMs + 10 * minutes }, ...more });

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

  it('weights go up in steps, each as long as the others, and end with all of it before the place is free', async () => {
    const cluster = new SimulatedCluster(plan([1, 4], { warmUpWeights: [10, 50] }));
    const seen: string[] = [];
    cluster.before = (activity, request) => {
      if (activity !== 'warm') return;
      const { pods } = request as HandfulRequest;
      seen.push(...pods.map(({ name, share }) => `${name} ${cluster.pods.get(name)?.share} to ${share ?? 'all'}`));
    };
    await withRelease(env, cluster, async (running) => {
      expect(await running.handle.result()).toMatchObject({ phase: 'succeeded', pods: 5 });
      const ms = await lasted(running);
      expect(ms).toBeGreaterThanOrEqual(3 * warmUpMs);
      expect(ms).toBeLessThan(4 * warmUpMs);
    });
    expect(seen.toSorted()).toEqual(
      [...cluster.pods.keys()].flatMap((name) => [`${name} 10 to 50`, `${name} 50 to all`]).toSorted(),
    );
    expect([...cluster.pods.values()].map(({ share }) => share)).toEqual(Array(5).fill(undefined));
  });

  it('a rollback between two steps leaves nobody with less than all', async () => {
    const cluster = new SimulatedCluster(plan([1, 4], { warmUpWeights: [10, 50] }));
    await withRelease(env, cluster, async (running) => {
      cluster.before = async (activity) => {
        if (activity === 'warm') await running.handle.signal('rollback', { by: 'bob' });
      };
      expect(await running.handle.result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(cluster.calls.filter((call) => call.includes('warm'))).toEqual(['warm a1']);
    expect([...cluster.pods.values()].filter(({ serving, share }) => !serving || share !== undefined)).toEqual([]);
  });
});
