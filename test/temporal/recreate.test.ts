import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BearRequest } from '../../workflows/contract/activities/hold.ts';
import type { Plan } from '../../workflows/contract/plan.ts';
import { planOf } from './support/plans.ts';
import { refused, SimulatedCluster } from './support/simulatedCluster.ts';
import { simulation, withRelease } from './support/temporal.ts';
import { timeSkippingServer } from './support/timeSkippingServer.ts';

const approval = { required: 1, from: [], onExpiry: 'hold' as const };
const approve = { args: [{ gate: 'after-gray', by: 'bob' }] as [{ gate: string; by: string }] };
const bob = { args: [{ by: 'bob' }] as [{ by: string }] };
const template = { from: 'old', to: 'new', source: { patch: {} }, differs: ['env of app'] };

const recreating = (
  sizes: readonly number[],
  change: Partial<Plan> = {},
  gates: Parameters<typeof planOf>[2] = [],
): Plan => {
  const plan = planOf(sizes, change, gates);
  return {
    ...plan,
    mode: { asked: 'InPlaceIfPossible', used: 'Recreate', reason: 'Recreate.' },
    change: { ...plan.change, template },
  };
};

describe.skipIf(timeSkippingServer() === undefined)('pods that are made anew', () => {
  let env: TestWorkflowEnvironment;
  beforeEach(async () => {
    env = await simulation();
  });
  afterEach(async () => {
    await env.teardown();
  });

  const bears = (cluster: SimulatedCluster) => cluster.calls.filter((call) => call.startsWith('bear'));

  it('are born new only while pods of a batch are in hand; the status names who is there now', async () => {
    const cluster = new SimulatedCluster(recreating([1, 2, 2], {}, [{ approval }]));
    const ended = await withRelease(env, cluster, async ({ handle, until, status }) => {
      await until((now) => now.waiting?.for === 'approval');
      expect(cluster.births).toBeUndefined();
      await handle.executeUpdate('approve', approve);
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
      return status();
    });
    expect(bears(cluster)).toEqual(['bear to', 'bear', 'bear to', 'bear', 'bear to', 'bear']);
    expect(cluster.births).toBeUndefined();
    expect([...cluster.pods.values()].map(({ image, mark }) => `${image} ${mark}`)).toEqual(
      Array.from({ length: 5 }, () => 'app:v2 new'),
    );
    const pods = ended.batches.flatMap((batch) => batch.pods);
    expect(pods.map(({ name }) => name).toSorted()).toEqual([...cluster.pods.keys()].toSorted());
    expect(pods.every(({ state }) => state === 'done')).toBe(true);
    expect(cluster.calls.some((call) => call.includes('patch'))).toBe(false);
  });

  it('go back by being made anew from the old template; those that were never touched stay', async () => {
    const cluster = new SimulatedCluster(recreating([1, 2, 2], {}, [{}, { approval }]));
    const ended = await withRelease(env, cluster, async ({ handle, until, status }) => {
      await until((now) => now.waiting?.gate === 'after-batch-1');
      await handle.executeUpdate('rollback', bob);
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack' });
      return status();
    });
    expect(cluster.images()).toEqual(Array.from({ length: 5 }, () => 'app:v1'));
    expect([...cluster.pods.keys()].filter((name) => name.startsWith('a'))).toEqual(['a4', 'a5']);
    expect(bears(cluster).slice(-2)).toEqual(['bear from', 'bear']);
    const undone = ended.batches.flatMap(({ pods }) => pods).filter(({ state }) => state === 'undone');
    expect(undone.every(({ name }) => cluster.pods.has(name))).toBe(true);
    expect(undone).toHaveLength(3);
  });

  it('a version that does not become ready is made anew from the old one, and nothing else was touched', async () => {
    const cluster = new SimulatedCluster(recreating([1, 2]));
    cluster.broken.set('app:v2', 'POD_FAILED');
    await withRelease(env, cluster, async ({ handle }) => {
      await expect(handle.result()).resolves.toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' } });
    });
    expect(cluster.images()).toEqual(['app:v1', 'app:v1', 'app:v1']);
    expect([...cluster.pods.keys()].filter((name) => name.startsWith('born'))).toHaveLength(1);
    expect(bears(cluster)).toEqual(['bear to', 'bear', 'bear from', 'bear']);
  });

  it('where nothing can be born as it shall be, no pod is drained, and the reason is told', async () => {
    const cluster = new SimulatedCluster(recreating([2, 2]));
    cluster.before = (activity, request) => {
      if (activity === 'bear' && Array.isArray(request) && request[0] === 'to')
        throw refused('PATCH_REFUSED', 'No pod can be born from the new template: denied');
    };
    await withRelease(env, cluster, async ({ handle }) => {
      const result = await handle.result();
      expect(result).toMatchObject({ phase: 'rolledBack', failure: { code: 'PATCH_REFUSED' } });
      expect(result.failure?.text).toContain('No pod can be born from the new template: denied');
    });
    expect(cluster.calls.filter((call) => /^(drain|recreate)/.test(call))).toEqual([]);
    expect([...cluster.pods.keys()]).toEqual(['a1', 'a2', 'a3', 'a4']);
  });

  it('a pause in a batch lets the pods in hand finish; from then on who dies is born old', async () => {
    const cluster = new SimulatedCluster(recreating([4], { maxUnavailable: 1 }));
    const seen: BearRequest['births'][] = [];
    await withRelease(env, cluster, async ({ handle, until }) => {
      let held = false;
      cluster.before = async (activity) => {
        if (activity !== 'recreate' || held) return;
        held = true;
        await handle.executeUpdate('pause', bob);
      };
      await until((now) => now.paused !== undefined);
      await until(() => cluster.calls.filter((call) => call.startsWith('bear')).length === 2);
      seen.push(cluster.births);
      await handle.executeUpdate('resume', bob);
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(seen).toEqual([undefined]);
    expect(bears(cluster)).toEqual(['bear to', 'bear', 'bear to', 'bear']);
  });
});
