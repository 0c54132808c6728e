import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Plan, PlannedGate } from '../../workflows/contract/plan.ts';
import { planOf } from './support/plans.ts';
import { refused, SimulatedCluster } from './support/simulatedCluster.ts';
import { inNewRun, type Running, simulation, withRelease } from './support/temporal.ts';
import { timeSkippingServer } from './support/timeSkippingServer.ts';

const approval = { required: 1, from: [], onExpiry: 'hold' as const };

/** Two of six pods, a1 and a2, are to be taken out. */
function drainOf(gate: Partial<PlannedGate> = { approval }, change: Partial<Plan> = {}) {
  const plan = planOf([2, 4]);
  const [first] = plan.batches;
  const batches = [
    { name: 'drain', pods: first?.pods ?? [], mayFail: 0, gate: { id: 'out-of-traffic', bakeMs: 0, ...gate } },
  ];
  const words = { from: {}, to: {}, version: '2 pods out', fromVersion: 'in traffic' };
  const mode = { asked: 'Drain', used: 'Drain', reason: '' } as const;
  const cluster = new SimulatedCluster(plan);
  cluster.planned = { ...plan, batches, mode, drain: {}, change: words, ...change };
  return cluster;
}

describe.skipIf(timeSkippingServer() === undefined)('drain workflow (time skipping)', () => {
  let env: TestWorkflowEnvironment;
  beforeEach(async () => {
    env = await simulation();
  });
  afterEach(async () => {
    await env.teardown();
  });

  const run = <T>(cluster: SimulatedCluster, drive: (running: Running) => Promise<T>): Promise<T> =>
    withRelease(env, cluster, drive, { type: 'drain' });
  const out = ({ pods }: SimulatedCluster): string =>
    [...pods.values()]
      .filter(({ serving }) => !serving)
      .map(({ name }) => name)
      .join(' ');
  const untouched = (cluster: SimulatedCluster): void => {
    expect(out(cluster)).toBe('');
    expect(cluster).toMatchObject({ paused: false, open: false, holder: undefined });
    expect([...cluster.pods.values()].every(({ restarts, image }) => restarts === 0 && image === 'app:v1')).toBe(true);
  };
  const restore = ({ handle }: Running) =>
    handle.executeUpdate('approve', { args: [{ gate: 'out-of-traffic', by: 'bob' }] });

  it('out until somebody says so, then back; nothing is patched, and no image changes', async () => {
    const cluster = drainOf();
    await run(cluster, async (running) => {
      const standing = await running.until(({ waiting }) => waiting?.for === 'approval');
      expect(standing).toMatchObject({ phase: 'gate', drain: true, waiting: { gate: 'out-of-traffic' } });
      expect(standing.text).toMatch(/^Out of traffic since .*: a1, a2; until somebody says `sluice restore`\.$/);
      expect(standing.batches[0]?.pods.map(({ state }) => state)).toEqual(['out', 'out']);
      expect(out(cluster)).toBe('a1 a2');
      await restore(running);
      expect(await running.handle.result()).toMatchObject({ phase: 'succeeded', text: 'Back in traffic: a1, a2.' });
      expect((await running.status()).batches[0]?.pods.map(({ state }) => state)).toEqual(['done', 'done']);
    });
    untouched(cluster);
    expect(cluster.calls.filter((call) => /^(patch|commit|wait|check|survey)/.test(call))).toEqual([]);
    expect(cluster.records).toMatchObject([{ phase: 'succeeded', drain: true, to: {} }]);
  });

  it('`for`: back by itself when the time is over, or as soon as somebody says so', async () => {
    const alone = drainOf({ bakeMs: 7_200_000, early: true });
    await run(alone, async ({ handle }) => {
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
      const { startTime, closeTime } = await handle.describe();
      expect((closeTime?.getTime() ?? 0) - startTime.getTime()).toBeGreaterThan(7_000_000);
    });
    untouched(alone);
    const early = drainOf({ bakeMs: 7_200_000, early: true });
    await run(early, async (running) => {
      const standing = await running.until(({ waiting }) => waiting?.for === 'bake');
      expect(standing.text).toContain(`; until ${standing.waiting?.until}, or until somebody says`);
      await restore(running);
      expect(await running.handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    untouched(early);
  });

  it('a rollback in the middle of the drain, or while they are out, puts them back', async () => {
    const early = drainOf();
    let stuck = false;
    early.before = async (activity) => {
      if (activity !== 'silence') return;
      stuck = true;
      await new Promise((resolve) => setTimeout(resolve, 300));
    };
    await run(early, async ({ handle, until }) => {
      await until(() => stuck);
      await handle.executeUpdate('rollback', { args: [{ by: 'bob', reason: 'wrong pod' }] });
      const text = 'Back in traffic for bob: wrong pod';
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack', text });
    });
    untouched(early);
    const late = drainOf();
    await run(late, async ({ handle, until }) => {
      await until(({ waiting }) => waiting?.for === 'approval');
      await handle.cancel();
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack' });
    });
    untouched(late);
  });

  it('out for longer than one history: it goes on in a new run, as long as was said, and a word of people is enough there', async () => {
    const consul = { server: 'http://consul', service: 'shop', callersCache: '0s' };
    const notify = [{ webhook: { url: 'http://chat' } }];
    const { traffic } = planOf([1]);
    const through = [{ consul }] as unknown as Plan['traffic']['through'];
    const cluster = drainOf({ bakeMs: 7_200_000, early: true }, { traffic: { ...traffic, through }, notify });
    await run(cluster, async (running) => {
      const standing = await running.until(({ waiting }) => waiting?.for === 'bake');
      const handle = env.client.workflow.getHandle(running.handle.workflowId);
      await inNewRun(cluster, handle);
      const now = await running.until(({ waiting }) => waiting?.for === 'bake');
      expect([now.waiting, now.run, now.text]).toEqual([standing.waiting, standing.run, standing.text]);
      expect(out(cluster)).toBe('a1 a2');
      await handle.executeUpdate('approve', { args: [{ gate: 'out-of-traffic', by: 'bob' }] });
      expect(await handle.result()).toMatchObject({ phase: 'succeeded', text: 'Back in traffic: a1, a2.' });
      expect(cluster.events.map(({ kind }) => kind)).toEqual(['started', 'gate', 'succeeded']);
    });
    untouched(cluster);
    for (const once of ['plan', 'acquire', 'openTraffic', 'drain a1 a2', 'release']) {
      expect(cluster.calls.filter((call) => call === once)).toHaveLength(1);
    }
    expect(cluster.calls.filter((call) => call === 'keepOut')).toHaveLength(2);
  });

  it('one that dies while it is out is told, and not waited for', async () => {
    const cluster = drainOf();
    await run(cluster, async (running) => {
      await running.until(({ waiting }) => waiting?.for === 'approval');
      cluster.replace('a1', 'b1');
      await restore(running);
      const text = 'Back in traffic: a2. 1 pod died meanwhile.';
      expect(await running.handle.result()).toMatchObject({ phase: 'succeeded', text });
      const { batches, log } = await running.status();
      expect(batches[0]?.pods.map(({ state }) => state)).toEqual(['gone', 'done']);
      expect(log.map((line) => line.text)).toContain('Gone while out of traffic: a1.');
    });
    untouched(cluster);
  });

  it('one that cannot be drained brings the others back', async () => {
    const cluster = drainOf();
    cluster.before = (activity) => {
      if (activity === 'silence') throw refused('DRAIN_TIMEOUT', 'it has 3 connections');
    };
    await run(cluster, async ({ handle }) => {
      const failure = { code: 'DRAIN_TIMEOUT', text: expect.stringContaining('it has 3 connections') };
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack', failure });
    });
    untouched(cluster);
  });

  it('one that cannot be put back is named, and all else is given back', async () => {
    const cluster = drainOf();
    await run(cluster, async (running) => {
      await running.until(({ waiting }) => waiting?.for === 'approval');
      cluster.before = (activity) => {
        if (activity === 'restore') throw refused('POD_FAILED', 'no ready endpoint');
      };
      await restore(running);
      await expect(running.handle.result()).rejects.toThrow('Workflow execution failed');
      const status = await running.status();
      expect(status).toMatchObject({ phase: 'failed' });
      expect(status.notUndone.map(({ text }) => text).toSorted()).toEqual([
        'Pod a1 is not back in traffic: no ready endpoint.',
        'Pod a2 is not back in traffic: no ready endpoint.',
      ]);
    });
    expect(cluster).toMatchObject({ paused: false, open: false, holder: undefined });
  });

  it('a newer version does not take its place, and nothing is divided anew', async () => {
    const cluster = drainOf();
    await run(cluster, async (running) => {
      await running.until(({ waiting }) => waiting?.for === 'approval');
      const { handle } = running;
      const supersede = handle.executeUpdate('supersede', { args: [{ by: 'bob', spec: {} }] });
      await expect(supersede).rejects.toMatchObject({
        cause: { message: expect.stringContaining('keeps pods out of traffic') },
      });
      const change = handle.executeUpdate('changePlan', {
        args: [{ by: 'bob', gates: { afterBatch: { bake: '5s' } } }],
      });
      await expect(change).rejects.toMatchObject({ cause: { message: expect.stringContaining('no batches ahead') } });
      await restore(running);
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    untouched(cluster);
  });
});
