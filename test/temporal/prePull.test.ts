import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PrePulled } from '../../workflows/contract/activities/prePull.ts';
import type { PlannedPrePull } from '../../workflows/contract/plan.ts';
import type { ReleaseResult } from '../../workflows/contract/status.ts';
import { planOf } from './support/plans.ts';
import { refused, SimulatedCluster } from './support/simulatedCluster.ts';
import { simulation, withRelease } from './support/temporal.ts';
import { timeSkippingServer } from './support/timeSkippingServer.ts';

const nodesOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `node-${index + 1}`);
const clusterWith = (count: number, change: Partial<PlannedPrePull> = {}): SimulatedCluster =>
  new SimulatedCluster(
    planOf([1, 2], { prePull: { nodes: nodesOf(count), timeoutMs: 60_000, required: false, ...change } }),
  );
const failing =
  (code: PrePulled['failed'][number]['code']) =>
  (nodes: readonly string[]): PrePulled => ({
    done: nodes.slice(1),
    failed: nodes.slice(0, 1).map((node) => ({ node, code, reason: 'why' })),
    later: [],
  });
const texts = (log: readonly { readonly text: string }[]): string => log.map(({ text }) => text).join('\n');

describe.skipIf(timeSkippingServer() === undefined)('the pull before a release (time skipping)', () => {
  let env: TestWorkflowEnvironment;
  beforeEach(async () => {
    env = await simulation();
  });
  afterEach(async () => {
    await env.teardown();
  });

  it('pulls on 50 nodes at once, tells how far it is, cleans up, and only then takes hold of the workload', async () => {
    const cluster = clusterWith(120);
    const shown: string[] = [];
    let most = 0;
    cluster.pull = (nodes) => {
      most = Math.max(most, nodes.length);
      // Half of them are slower: the window fills up behind those that are done.
      return nodes.length > 1
        ? { done: nodes.slice(0, nodes.length / 2), failed: [], later: nodes.slice(nodes.length / 2) }
        : { done: nodes, failed: [], later: [] };
    };
    const status = await withRelease(env, cluster, async ({ handle, status: look }) => {
      cluster.before = async (activity) => {
        if (activity === 'prePull') shown.push((await look()).text);
      };
      await handle.result();
      return look();
    });
    expect(most).toBe(50);
    expect(shown[0]).toBe('Pulling v2 before anything is touched: 0 of 120 nodes have it.');
    expect(shown[1]).toBe('Pulling v2 before anything is touched: 25 of 120 nodes have it.');
    expect(texts(status.log)).toMatch(/Pulled v2 on 120 nodes in /);
    const after = cluster.calls.filter((call) => !call.startsWith('prePull '));
    expect(after.slice(0, 3)).toEqual(['plan', 'endPrePull', 'acquire']);
  });

  it('an image that cannot be had stops the release before anything is touched; our pods are deleted', async () => {
    const cluster = clusterWith(3);
    cluster.pull = failing('IMAGE_PULL_FAILED');
    const status = await withRelease(env, cluster, async ({ handle, status: look }) => {
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'IMAGE_PULL_FAILED' } });
      return look();
    });
    expect(status).toMatchObject({ phase: 'failed', failure: { text: 'node-1: why' }, notUndone: [] });
    expect(cluster.calls).toEqual(['plan', 'prePull node-1 node-2 node-3', 'endPrePull']);
  });

  it('what merely does not work is told, and the release goes on; required, it stops it', async () => {
    const cluster = clusterWith(2);
    cluster.pull = failing('PRE_PULL_FAILED');
    const status = await withRelease(env, cluster, async ({ handle, status: look }) => {
      expect((await handle.result()) as ReleaseResult).toMatchObject({ phase: 'succeeded' });
      return look();
    });
    expect(texts(status.log)).toContain('Not pulled beforehand on node-1: why. The release goes on.');
    expect(texts(status.log)).toContain('Pulled v2 on 1 of 2 nodes');

    const strict = clusterWith(2, { required: true });
    strict.pull = failing('PRE_PULL_FAILED');
    await withRelease(env, strict, async ({ handle }) => {
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'PRE_PULL_FAILED' } });
    });
    expect(strict.calls).not.toContain('acquire');
  });

  it('a pull that cannot work at all, and a clean-up that cannot, do not stop it; what stays is named', async () => {
    const cluster = clusterWith(2);
    cluster.before = (activity) => {
      if (activity === 'prePull' || activity === 'endPrePull') throw refused('FORBIDDEN', `may not ${activity}`);
    };
    const status = await withRelease(env, cluster, async ({ handle, status: look }) => {
      expect((await handle.result()) as ReleaseResult).toMatchObject({ phase: 'succeeded' });
      return look();
    });
    expect(texts(status.log)).toContain('Not pulled beforehand on node-1 and 1 other node: may not prePull.');
    expect(status.notUndone[0]?.next).toContain('kubectl delete pods -n default -l sluice.dev/pre-pull=uid-shop');
  });

  it('a pause starts no further node; a rollback wins over it, and nothing was touched', async () => {
    const cluster = clusterWith(60);
    cluster.pull = (nodes) => ({ done: nodes.slice(0, 1), failed: [], later: nodes.slice(1) });
    const status = await withRelease(env, cluster, async ({ handle, until, status: look }) => {
      await until(({ phase, text }) => phase === 'pulling' && !text.includes(' 0 of'));
      await handle.executeUpdate('pause', { args: [{ by: 'bob' }] });
      const calls = async (): Promise<number> => {
        await until(({ paused }) => paused !== undefined);
        return cluster.calls.length;
      };
      let before = -1;
      while (before !== (await calls())) {
        before = await calls();
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      expect((await look()).phase).toBe('pulling');
      await handle.executeUpdate('rollback', { args: [{ by: 'bob' }] });
      expect((await handle.result()) as ReleaseResult).toMatchObject({ phase: 'rolledBack' });
      return look();
    });
    expect(status.notUndone).toEqual([]);
    expect(cluster.calls).not.toContain('acquire');
    expect(cluster.calls.at(-1)).toBe('endPrePull');
  });
});
