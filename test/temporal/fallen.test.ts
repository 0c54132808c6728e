import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReleaseResult } from '../../workflows/contract/status.ts';
import { planOf } from './support/plans.ts';
import { SimulatedCluster } from './support/simulatedCluster.ts';
import { simulation, withRelease } from './support/temporal.ts';
import { timeSkippingServer } from './support/timeSkippingServer.ts';

const bob = { args: [{ by: 'bob' }] as [{ by: string }] };

describe.skipIf(timeSkippingServer() === undefined)('pods that were done, and do not run any more', () => {
  let env: TestWorkflowEnvironment;
  beforeEach(async () => {
    env = await simulation();
  });
  afterEach(async () => {
    await env.teardown();
  });

  const isBack = (cluster: SimulatedCluster): boolean =>
    [...cluster.pods.values()].every(({ image, serving }) => image === 'app:v1' && serving);
  const drained = (cluster: SimulatedCluster): string[] =>
    cluster.calls.filter((call) => call.startsWith('drain ')).flatMap((call) => call.split(' ').slice(1));

  it('in the batch that runs they use up maxUnavailable, and one that crashes stops it', async () => {
    const cluster = new SimulatedCluster(planOf([1, 7], { maxUnavailable: 1 }));
    cluster.before = async (activity, request) => {
      const names = (request as { pods?: readonly { name: string }[] }).pods?.map(({ name }) => name) ?? [];
      if (activity !== 'drain' || !names.includes('a5') || cluster.brokenPods.size > 0) return;
      // One that has just come up is not taken for one that is down.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      cluster.crash('a2', true);
    };
    const result = await withRelease(env, cluster, ({ handle }) => handle.result() as Promise<ReleaseResult>);
    expect(result).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' } });
    expect(result.failure?.text).toBe('batch-1: pod a2: app:v2 crashes');
    expect(drained(cluster)).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
    expect(isBack(cluster)).toBe(true);
    // It was in traffic again: the way back drains it like the others.
    expect(cluster.calls.some((call) => /^undo-drain .*\ba2\b/.test(call))).toBe(true);
  });

  it('while a gate bakes they are seen long before its end, and nothing more is changed', async () => {
    const cluster = new SimulatedCluster(planOf([1, 3], {}, [{ bakeMs: 3_600_000 }]));
    const began = await env.currentTimeMs();
    const result = await withRelease(env, cluster, async ({ handle, until }) => {
      await until(({ phase }) => phase === 'gate');
      cluster.crash('a1', true);
      return handle.result() as Promise<ReleaseResult>;
    });
    expect(result).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' } });
    expect(result.failure?.text).toBe('gray: pod a1 was ready, and is not any more: app:v2 crashes');
    expect((await env.currentTimeMs()) - began).toBeLessThan(15 * 60_000);
    expect(drained(cluster)).toEqual(['a1']);
    expect(isBack(cluster)).toBe(true);
  });

  it('at a gate that people open, they are seen before the next batch begins', async () => {
    const cluster = new SimulatedCluster(
      planOf([1, 3], {}, [{ approval: { required: 1, from: [], onExpiry: 'hold' } }]),
    );
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until(({ waiting }) => waiting?.for === 'approval');
      cluster.crash('a1', true);
      await handle.executeUpdate('approve', { args: [{ by: 'bob', gate: 'after-gray' }] });
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' } });
    });
    expect(drained(cluster)).toEqual(['a1']);
  });

  it('after the last batch they keep the new version from becoming the template', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2], {}, [{}, { bakeMs: 60_000 }]));
    const result = await withRelease(env, cluster, async ({ handle, until }) => {
      await until(({ phase, waiting }) => phase === 'gate' && waiting?.gate === 'after-batch-1');
      cluster.crash('a3', true);
      return handle.result() as Promise<ReleaseResult>;
    });
    expect(result).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' } });
    expect(cluster.calls).not.toContain('commit');
  });

  it('one that comes up again is waited for, and the release goes on', async () => {
    const cluster = new SimulatedCluster(planOf([1, 3], {}, [{ bakeMs: 600_000 }]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until(({ phase }) => phase === 'gate');
      cluster.crash('a1', false);
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
      const { log } = await until(() => true);
      expect(log.map(({ text }) => text)).toContain('Ready before, and not any more: a1.');
    });
  });

  it('as many as may fail are tolerated, and told', async () => {
    const plan = planOf([1, 3, 1], {}, [{}, { bakeMs: 60_000 }]);
    const cluster = new SimulatedCluster({ ...plan, batches: plan.batches.map((batch) => ({ ...batch, mayFail: 1 })) });
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until(({ phase, waiting }) => phase === 'gate' && waiting?.gate === 'after-batch-1');
      cluster.crash('a3', true);
      const result = (await handle.result()) as ReleaseResult;
      expect(result).toMatchObject({ phase: 'succeeded', text: expect.stringContaining('1 failed') });
    });
  });

  it('where it holds at a failure, people who say to go on have them looked at once more', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2], { onFailure: 'Hold' }, [{ bakeMs: 60_000 }]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until(({ phase }) => phase === 'gate');
      cluster.crash('a1', true);
      await env.sleep('2m');
      await until(({ phase }) => phase === 'held');
      cluster.brokenPods.clear();
      await handle.executeUpdate('resume', bob);
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
  });

  it('a gray group whose pods are all gone has proved nothing: the next pod is the gray group', async () => {
    const cluster = new SimulatedCluster(
      planOf([1, 3], {}, [{ approval: { required: 1, from: [], onExpiry: 'hold' } }]),
    );
    cluster.before = (activity) => {
      if (activity === 'patch' && cluster.pods.has('a1')) cluster.replace('a1', 'b1');
    };
    await withRelease(env, cluster, async ({ handle, until }) => {
      const gate = await until(({ waiting }) => waiting?.for === 'approval');
      expect(gate.batches.map(({ name, pods }) => [name, pods.map((pod) => `${pod.name} ${pod.state}`)])).toMatchObject(
        [
          ['gray', ['a2 done']],
          ['batch-1', ['a3 queued', 'a4 queued', 'b1 queued']],
        ],
      );
      await handle.executeUpdate('approve', { args: [{ by: 'bob', gate: 'after-gray' }] });
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(new Set(cluster.images())).toEqual(new Set(['app:v2']));
  });

  it('a gray group on which nothing runs is none that may fail', async () => {
    const plan = planOf([1, 4]);
    const cluster = new SimulatedCluster({ ...plan, batches: plan.batches.map((batch) => ({ ...batch, mayFail: 1 })) });
    cluster.brokenPods.add('a1');
    const result = await withRelease(env, cluster, ({ handle }) => handle.result() as Promise<ReleaseResult>);
    expect(result).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' } });
    expect(drained(cluster)).toEqual(['a1']);
  });

  it('a look at a budget that fails is made again, and told meanwhile', async () => {
    const plan = planOf([1, 3], { maxUnavailable: 1 });
    const cluster = new SimulatedCluster({ ...plan, batches: plan.batches.map((batch) => ({ ...batch, mayFail: 0 })) });
    let forbidden = 0;
    cluster.before = (activity) => {
      const held = cluster.pods.get('stranger');
      if (activity === 'drain' && held === undefined && cluster.images().includes('app:v2')) {
        cluster.pods.set('stranger', {
          ...cluster.pods.get('a1'),
          name: 'stranger',
          uid: 'u-s',
          ready: false,
        } as never);
      }
      if (activity === 'prepare' && held !== undefined && forbidden < 2) {
        forbidden += 1;
        throw ApplicationFailure.nonRetryable('pods is forbidden', 'FORBIDDEN');
      }
      if (activity === 'prepare' && forbidden === 2) cluster.pods.get('stranger')!.ready = true;
    };
    await withRelease(env, cluster, async ({ handle }) => {
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(forbidden).toBe(2);
  });
});
