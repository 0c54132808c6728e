import type { WorkflowFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReleaseStatus } from '../../workflows/contract/status.ts';
import { planOf } from './support/plans.ts';
import { SimulatedCluster } from './support/simulatedCluster.ts';
import { type Running, simulation, withRelease } from './support/temporal.ts';
import { timeSkippingServer } from './support/timeSkippingServer.ts';

const approval = { required: 1, from: [], onExpiry: 'hold' as const };
const approve = { gate: 'after-gray', by: 'bob' };
const bob = { args: [{ by: 'bob' }] as [{ by: string }] };
const anna = { args: [{ by: 'anna', reason: 'the disks of node-1' }] as [{ by: string; reason: string }] };

const inHands = ({ phase, operator }: ReleaseStatus): boolean => phase === 'manual' && operator?.since !== undefined;

describe.skipIf(timeSkippingServer() === undefined)('a workload that an operator takes in hand', () => {
  let env: TestWorkflowEnvironment;
  beforeEach(async () => {
    env = await simulation();
  });
  afterEach(async () => {
    await env.teardown();
  });

  /** Hands it over at the gate after gray, and waits until it is given. */
  async function atGate({ handle, until }: Running): Promise<ReleaseStatus> {
    await until((now) => now.waiting?.for === 'approval');
    await handle.executeUpdate('handOver', anna);
    return until(inHands);
  }

  it('at a gate: nothing is held, the status says whose it is; taken back it stands at its gate, and nothing is done twice', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2, 2], {}, [{ approval }]));
    await withRelease(env, cluster, async (running) => {
      const { handle, until } = running;
      const lent = await atGate(running);
      expect(lent).toMatchObject({
        operator: { by: 'anna', reason: 'the disks of node-1' },
        waiting: { for: 'operator' },
      });
      expect(lent.text).toBe(
        `In the hands of anna since ${lent.operator?.since} (the disks of node-1): nothing is held, nothing is touched, until it is taken back.`,
      );
      expect(cluster).toMatchObject({ open: false, paused: false, holder: undefined });
      await expect(handle.executeUpdate('approve', { args: [approve] })).rejects.toMatchObject({
        cause: { type: 'REFUSED' },
      });
      // A pod of each side dies, and is born from the template.
      cluster.replace('a1', 'b1');
      cluster.replace('a2', 'b2');
      cluster.scale(6);
      await handle.executeUpdate('takeBack', bob);
      await until((now) => now.waiting?.for === 'approval' && now.operator === undefined);
      await handle.executeUpdate('approve', { args: [approve] });
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(new Set(cluster.images())).toEqual(new Set(['app:v2']));
    expect([...cluster.pods.values()].every((pod) => pod.serving && pod.restarts === 1)).toBe(true);
    expect(cluster).toMatchObject({ open: false, paused: false, holder: undefined, templateImage: 'app:v2' });
  });

  it('in a batch: pods in flight are finished and put back first, the others are not begun', async () => {
    const cluster = new SimulatedCluster(planOf([1, 4], { maxUnavailable: 2 }, [{ approval }]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      cluster.slow.add('app:v2');
      await handle.executeUpdate('approve', { args: [approve] });
      await until(() => cluster.images().filter((image) => image === 'app:v2').length === 3);
      await handle.executeUpdate('handOver', anna);
      const { batches } = await until(({ text }) => text.startsWith('Handing over to anna'));
      const child = env.client.workflow.getHandle(batches[1]?.workflow ?? '');
      while (!(await child.fetchHistory()).events?.some((event) => event.workflowExecutionSignaledEventAttributes));
      cluster.slow.clear();
      await until(inHands);
      expect(cluster.images()).toEqual(['app:v2', 'app:v2', 'app:v2', 'app:v1', 'app:v1']);
      expect([...cluster.pods.values()].every((pod) => pod.serving && pod.ready)).toBe(true);
      expect(cluster).toMatchObject({ open: false, paused: false });
      await handle.executeUpdate('takeBack', bob);
      expect(await handle.result()).toMatchObject({ phase: 'succeeded', pods: 5 });
    });
    expect([...cluster.pods.values()].map(({ image, restarts }) => `${image} ${restarts}`)).toEqual(
      Array.from({ length: 5 }, () => 'app:v2 1'),
    );
  });

  it('held over a pod that failed: the pod gets the old version back, in traffic, before it is handed over', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2], { onFailure: 'Hold' }));
    cluster.brokenPods.add('a2');
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.phase === 'held');
      await handle.executeUpdate('handOver', anna);
      const lent = await until(inHands);
      expect(cluster.pods.get('a2')).toMatchObject({ image: 'app:v1', serving: true, ready: true });
      expect(lent).toMatchObject({ notUndone: [], progress: { failed: 0 } });
      cluster.brokenPods.clear();
      await handle.executeUpdate('takeBack', bob);
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(new Set(cluster.images())).toEqual(new Set(['app:v2']));
    expect(cluster.pods.get('a1')?.restarts).toBe(1);
  });

  it('an operator who has brought the new version to the end has ended the release', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2], {}, [{ approval }]));
    await withRelease(env, cluster, async (running) => {
      await atGate(running);
      cluster.templateImage = 'app:v2';
      for (const pod of cluster.pods.values()) pod.image = 'app:v2';
      await running.handle.executeUpdate('takeBack', bob);
      expect(await running.handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(cluster.calls.slice(-2)).toEqual(['acquire', 'arrived']);
    expect(cluster.holder).toBeUndefined();
  });

  it('another template is a question: busy meanwhile, resume looks again, take over plans anew from it', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2], {}, [{ approval }]));
    await withRelease(env, cluster, async (running) => {
      const { handle, until } = running;
      await atGate(running);
      cluster.templateImage = 'app:v3';
      cluster.busy = true;
      await handle.executeUpdate('takeBack', bob);
      expect(await until((now) => now.phase === 'held')).toMatchObject({ text: expect.stringContaining('native') });
      cluster.busy = false;
      for (const pod of cluster.pods.values()) pod.image = 'app:v3';
      await handle.executeUpdate('resume', bob);
      const held = await until((now) => now.phase === 'held' && now.text.includes('app:v3'));
      expect(held.text).toContain('Take over plans anew from what is there');
      const { change } = cluster.planned;
      cluster.planned = planOf([1, 2], { change: { ...change, from: { app: 'app:v3' }, fromVersion: 'v3' } });
      await handle.executeUpdate('takeOver', bob);
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(cluster.calls.filter((call) => call === 'plan')).toHaveLength(2);
    expect(new Set(cluster.images())).toEqual(new Set(['app:v2']));
    expect(cluster).toMatchObject({ open: false, holder: undefined, templateImage: 'app:v2' });
  });

  it('adopt ends it with what the operator has made, and touches nothing', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2], {}, [{ approval }]));
    await withRelease(env, cluster, async (running) => {
      await atGate(running);
      cluster.templateImage = 'app:v3';
      await running.handle.executeUpdate('adopt', anna);
      expect(await running.handle.result()).toMatchObject({ phase: 'handedOver' });
    });
    expect(cluster.images()).toEqual(['app:v2', 'app:v1', 'app:v1']);
    expect(cluster.templateImage).toBe('app:v3');
  });

  it('a rollback wins: it takes hold again, waits for a native rollout, and brings every pod back', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2], {}, [{ approval }]));
    await withRelease(env, cluster, async (running) => {
      await atGate(running);
      cluster.busy = true;
      await running.handle.executeUpdate('rollback', bob);
      await running.until(({ log }) => log.some(({ text }) => text.startsWith('The rollback waits')));
      cluster.busy = false;
      expect(await running.handle.result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(new Set(cluster.images())).toEqual(new Set(['app:v1']));
    expect(cluster).toMatchObject({ open: false, paused: false, holder: undefined });
  });

  it('a rollback over another template leaves it, and says what to do', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2], {}, [{ approval }]));
    await withRelease(env, cluster, async (running) => {
      await atGate(running);
      cluster.templateImage = 'app:v3';
      await running.handle.executeUpdate('rollback', bob);
      const failure = await running.handle.result().catch((error: unknown) => error);
      expect((failure as WorkflowFailedError).cause).toMatchObject({
        type: 'ROLLBACK_INCOMPLETE',
        message: expect.stringContaining('`sluice undo deployment/shop -n default`'),
      });
    });
    expect(cluster).toMatchObject({ open: false, holder: undefined, templateImage: 'app:v3' });
    expect([...cluster.pods.values()].every(({ serving }) => serving)).toBe(true);
  });

  it('handed over before anything was touched, it plans anew when it is taken back', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await handle.executeUpdate('pause', bob);
      await until((now) => now.plan !== undefined);
      await handle.executeUpdate('handOver', anna);
      await until(inHands);
      await handle.executeUpdate('takeBack', bob);
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(cluster.calls.filter((call) => call === 'plan')).toHaveLength(2);
  });

  it('handed over before anything was touched, a rollback ends it there', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await handle.executeUpdate('pause', bob);
      await until((now) => now.plan !== undefined);
      await handle.executeUpdate('handOver', anna);
      await until(inHands);
      await handle.executeUpdate('rollback', bob);
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(cluster.images()).toEqual(['app:v1', 'app:v1', 'app:v1']);
    expect(cluster.calls).not.toContain('acquire');
  });
});
