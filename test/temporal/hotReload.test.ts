import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Plan } from '../../workflows/contract/plan.ts';
import { planOf } from './support/plans.ts';
import { SimulatedCluster } from './support/simulatedCluster.ts';
import { simulation, withRelease } from './support/temporal.ts';
import { timeSkippingServer } from './support/timeSkippingServer.ts';

const approval = { required: 1, from: [], onExpiry: 'hold' as const };
const approve = { args: [{ gate: 'after-gray', by: 'bob' }] as [{ gate: string; by: string }] };
const bob = { args: [{ by: 'bob' }] as [{ by: string }] };
const reload = { version: 'c7', containers: ['app'], action: { signal: 'HUP' as const }, timeoutMs: 1000 };

const reloading = (
  sizes: readonly number[],
  change: Partial<Plan> = {},
  gates: Parameters<typeof planOf>[2] = [],
): Plan => ({
  ...planOf(sizes, change, gates),
  mode: { asked: 'InPlaceIfPossible', used: 'HotReload', reason: 'HotReload.' },
  change: { from: {}, to: {}, version: 'c7', fromVersion: 'v1', reload },
});

describe.skipIf(timeSkippingServer() === undefined)('containers that reload', () => {
  let env: TestWorkflowEnvironment;
  beforeEach(async () => {
    env = await simulation();
  });
  afterEach(async () => {
    await env.teardown();
  });

  const versions = (cluster: SimulatedCluster) => [...cluster.pods.values()].map(({ reloaded }) => reloaded ?? '-');

  it('go through every stage as in every mode; nothing is committed, and its record says that no revision came of it', async () => {
    const cluster = new SimulatedCluster(reloading([1, 2, 2]));
    await withRelease(env, cluster, async ({ handle }) => {
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(versions(cluster)).toEqual(Array.from({ length: 5 }, () => 'c7'));
    expect(cluster.images()).toEqual(Array.from({ length: 5 }, () => 'app:v1'));
    expect(cluster.calls.filter((call) => /^(commit|uncommit)/.test(call))).toEqual([]);
    expect(cluster.calls.filter((call) => call.startsWith('drain')).length).toBeGreaterThan(0);
    expect(cluster.mostDown).toBeLessThanOrEqual(2);
    expect([cluster.holder, cluster.paused, cluster.open]).toEqual([undefined, false, false]);
    expect(cluster.records[0]).toMatchObject({ version: 'c7', fromVersion: 'v1', reload: true, from: {}, to: {} });
  });

  it('one that has fallen back at a gate, and one that was born there, are done in the next batch', async () => {
    const cluster = new SimulatedCluster(reloading([1, 2, 2], {}, [{ approval }]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      expect(versions(cluster)).toEqual(['c7', '-', '-', '-', '-']);
      const gray = cluster.pods.get('a1');
      if (gray) gray.reloaded = undefined;
      cluster.replace('a2', 'newborn');
      await handle.executeUpdate('approve', approve);
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(versions(cluster)).toEqual(Array.from({ length: 5 }, () => 'c7'));
  });

  it('go back by their undo; those that were never touched are left alone', async () => {
    const cluster = new SimulatedCluster(reloading([1, 2, 2], {}, [{}, { approval }]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.waiting?.gate === 'after-batch-1');
      await handle.executeUpdate('rollback', bob);
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(versions(cluster)).toEqual(Array.from({ length: 5 }, () => '-'));
    const undone = cluster.calls
      .filter((call) => call.startsWith('undo-patch'))
      .flatMap((call) => call.split(' ').slice(1));
    expect(undone.toSorted()).toEqual(['a1', 'a2', 'a3']);
    expect(cluster.calls.filter((call) => /^(commit|uncommit)/.test(call))).toEqual([]);
  });

  it('in the hands of an operator at the gate: taken back, who fell back and who was born there is done, nobody twice', async () => {
    const cluster = new SimulatedCluster(reloading([2, 2, 1], {}, [{ approval }]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      await handle.executeUpdate('handOver', bob);
      await until(({ phase, operator }) => phase === 'manual' && operator?.since !== undefined);
      expect([cluster.holder, cluster.paused, cluster.open]).toEqual([undefined, false, false]);
      expect(versions(cluster)).toEqual(['c7', 'c7', '-', '-', '-']);
      const gray = cluster.pods.get('a1');
      if (gray) gray.reloaded = undefined;
      cluster.replace('a3', 'newborn');
      await handle.executeUpdate('takeBack', bob);
      await until((now) => now.waiting?.for === 'approval' && now.operator === undefined);
      await handle.executeUpdate('approve', approve);
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(versions(cluster)).toEqual(Array.from({ length: 5 }, () => 'c7'));
    const times = (name: string) =>
      cluster.calls.filter((call) => call.startsWith('patch') && call.includes(name)).length;
    expect(['a1', 'a2', 'a4', 'a5', 'newborn'].map(times)).toEqual([2, 1, 1, 1, 1]);
    expect([cluster.holder, cluster.open]).toEqual([undefined, false]);
  });

  it('one that fails rolls back, or is one of those that may', async () => {
    const broken = new SimulatedCluster(reloading([1, 2]));
    broken.brokenPods.add('a1');
    await withRelease(env, broken, async ({ handle }) => {
      expect(await handle.result()).toMatchObject({
        phase: 'rolledBack',
        failure: { code: 'RELOAD_FAILED', text: 'gray: pod a1: exit code 3' },
      });
    });
    expect(versions(broken)).toEqual(['-', '-', '-']);
  });
});
