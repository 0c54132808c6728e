import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Plan } from '../../workflows/contract/plan.ts';
import { planOf } from './support/plans.ts';
import { SimulatedCluster } from './support/simulatedCluster.ts';
import { simulation, withRelease } from './support/temporal.ts';
import { timeSkippingServer } from './support/timeSkippingServer.ts';

const approval = { required: 1, from: [], onExpiry: 'hold' as const };

/** A hot swap of three pods to `tag`, with an approval after the first. */
function swapTo(tag: string): Plan {
  const change = { from: { app: 'app:v1' }, to: { app: `app:${tag}` }, version: tag, fromVersion: 'v1' };
  const hotSwap = { containers: ['app', 'app-2'], image: `app:${tag}`, emptyImage: 'empty:1' } as const;
  return planOf([1, 2], { change: { ...change, hotSwap } }, [{ approval }]);
}

describe.skipIf(timeSkippingServer() === undefined)('a newer version from which nothing can go on', () => {
  let env: TestWorkflowEnvironment;
  beforeEach(async () => {
    env = await simulation();
  });
  afterEach(async () => {
    await env.teardown();
  });

  it('everyone goes back first, the hold is given up, and it begins as any release', async () => {
    const cluster = new SimulatedCluster(swapTo('v2'));
    await withRelease(env, cluster, async ({ handle, until, run }) => {
      await until((now) => now.waiting?.for === 'approval');
      cluster.next = () => swapTo('v3');
      cluster.planned = swapTo('v3');
      await handle.executeUpdate('supersede', { args: [{ by: 'bob', spec: {} }] });
      const current = env.client.workflow.getHandle(handle.workflowId);
      let now = await current.query<Awaited<ReturnType<typeof until>>>('status');
      while (now.run === run || now.waiting?.for !== 'approval') {
        await new Promise((resolve) => setTimeout(resolve, 50));
        now = await current.query('status');
      }
      expect(now).toMatchObject({ version: 'v3', fromVersion: 'v1', supersedes: { run, version: 'v2' } });
      const given = cluster.calls.indexOf('release');
      expect(cluster.calls.slice(0, given).findLast((call) => call.includes('patch'))).toBe('undo-patch a1');
      expect(cluster.calls.slice(given)).toEqual(expect.arrayContaining(['plan', 'acquire']));
      await current.executeUpdate('rollback', { args: [{ by: 'bob' }] });
      expect(await current.result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(cluster.images()).toEqual(['app:v1', 'app:v1', 'app:v1']);
  });

  it('a rollback while they go back wins: nothing newer begins', async () => {
    const cluster = new SimulatedCluster(swapTo('v2'));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      cluster.next = () => swapTo('v3');
      cluster.before = async (activity) => {
        if (activity !== 'closeTraffic') return;
        cluster.before = () => undefined;
        await handle.executeUpdate('rollback', { args: [{ by: 'carol' }] });
      };
      await handle.executeUpdate('supersede', { args: [{ by: 'bob', spec: {} }] });
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(cluster.calls.filter((call) => call === 'plan')).toHaveLength(1);
    expect(cluster).toMatchObject({ open: false, holder: undefined });
  });
});
