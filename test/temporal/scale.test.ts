import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Plan, PlannedGate } from '../../workflows/contract/plan.ts';
import type { ReleaseResult } from '../../workflows/contract/status.ts';
import { planOf } from './support/plans.ts';
import { refused, SimulatedCluster } from './support/simulatedCluster.ts';
import { type Running, simulation, withRelease } from './support/temporal.ts';
import { timeSkippingServer } from './support/timeSkippingServer.ts';

const approval = { required: 1, from: [], onExpiry: 'hold' as const };

/** The plan of a scale of six pods a1 … a6 by these batches; up where `to` is more. */
function scaleOf(sizes: readonly number[], to: number, change: Partial<Plan> = {}, gates: Partial<PlannedGate>[] = []) {
  const plan = planOf([6], change);
  const own = plan.batches[0]?.pods.toReversed() ?? [];
  const slots = Array.from({ length: 20 }, (_, at) => ({
    name: `new-${at}`,
    uid: `new-${at}`,
    node: '',
    ready: false,
  }));
  const coming = [...(to > 6 ? slots : own)];
  const batches = sizes.map((size, at) => {
    const name = `batch-${at + 1}`;
    return { name, pods: coming.splice(0, size), mayFail: 0, gate: { id: `after-${name}`, bakeMs: 0, ...gates[at] } };
  });
  const scale = { from: 6, to, images: { app: 'app:v1' }, youngest: [], scalers: ['hpa'], hpa: 'Bound' as const };
  return { cluster: new SimulatedCluster(plan), plan: { ...plan, batches, scale, change: { ...plan.change, to: {} } } };
}

describe.skipIf(timeSkippingServer() === undefined)('scale workflow (time skipping)', () => {
  let env: TestWorkflowEnvironment;
  beforeEach(async () => {
    env = await simulation();
  });
  afterEach(async () => {
    await env.teardown();
  });

  const run = <T>(
    { cluster, plan }: ReturnType<typeof scaleOf>,
    drive: (running: Running) => Promise<T>,
  ): Promise<T> => {
    cluster.planned = plan;
    return withRelease(env, cluster, drive, { type: 'scale' });
  };
  const names = ({ pods }: SimulatedCluster): string => [...pods.keys()].join(' ');

  it('down: drained, then the number, then the gate; all is given back, the HPA with new bounds', async () => {
    const given = scaleOf([1, 2], 3, {}, [{ approval }]);
    const { cluster } = given;
    const result = await run(given, async ({ handle, until }) => {
      const waiting = await until((status) => status.waiting?.for === 'approval');
      expect(waiting).toMatchObject({ phase: 'gate', scale: { from: 6, to: 3 }, progress: { total: 3, done: 1 } });
      expect(names(cluster)).toBe('a1 a2 a3 a4 a5');
      expect(cluster).toMatchObject({ scalers: 'suspended', paused: true, open: true });
      await handle.executeUpdate('approve', { args: [{ gate: 'after-batch-1', by: 'bob' }] });
      return (await handle.result()) as ReleaseResult;
    });
    expect(result).toMatchObject({ phase: 'succeeded', text: 'Scaled from 6 to 3 pods.', pods: 3 });
    expect(names(cluster)).toBe('a1 a2 a3');
    expect(cluster.went).toEqual(['a6', 'a5', 'a4']);
    expect(cluster.images()).toEqual(['app:v1', 'app:v1', 'app:v1']);
    expect(cluster).toMatchObject({ scalers: 'bound', paused: false, open: false, holder: undefined });
    expect(cluster.chosen.size).toBe(0);
    expect(cluster.calls.filter((call) => /^(patch|commit|restore)/.test(call))).toEqual([]);
    expect(cluster.records).toMatchObject([{ phase: 'succeeded', scale: { from: 6, to: 3 }, to: {} }]);
  });

  it('up: the number, then ready, batch by batch; no way out of traffic is opened', async () => {
    const given = scaleOf([1, 3], 10);
    const { cluster } = given;
    expect(await run(given, ({ handle }) => handle.result())).toMatchObject({ phase: 'succeeded', pods: 4 });
    expect(cluster.calls.filter((call) => call.startsWith('scale'))).toEqual(['scale 7', 'scale 10']);
    expect(cluster.pods.size).toBe(10);
    expect(cluster.calls).not.toContain('openTraffic');
  });

  it('a rollback in the drain of the second batch puts its pods back, then the number', async () => {
    const given = scaleOf([1, 3], 2);
    const { cluster } = given;
    let stuck = false;
    cluster.before = async (activity) => {
      if (activity !== 'silence' || !names(cluster).includes('a5') || cluster.pods.has('a6')) return;
      stuck = true;
      await new Promise((resolve) => setTimeout(resolve, 300));
    };
    await run(given, async ({ handle, until }) => {
      await until(() => stuck);
      await handle.executeUpdate('rollback', { args: [{ by: 'bob' }] });
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(names(cluster)).toBe('a1 a2 a3 a4 a5 scaled0');
    expect([...cluster.pods.values()].every((pod) => pod.serving && pod.ready && pod.restarts === 0)).toBe(true);
    expect(cluster.calls.lastIndexOf('scale 6')).toBeGreaterThan(cluster.calls.lastIndexOf('closeTraffic'));
    expect(cluster).toMatchObject({ scalers: 'as before', paused: false, open: false });
  });

  it('a rollback of a scale up drains the pods that came, and takes them away', async () => {
    const given = scaleOf([2, 2], 10, {}, [{ approval }]);
    const { cluster } = given;
    await run(given, async ({ handle, until }) => {
      await until((status) => status.waiting?.for === 'approval');
      await handle.executeUpdate('reject', { args: [{ gate: 'after-batch-1', by: 'bob' }] });
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(names(cluster)).toBe('a1 a2 a3 a4 a5 a6');
    expect(cluster.went).toEqual(['scaled1', 'scaled0']);
    expect(cluster).toMatchObject({ scalers: 'as before', paused: false, open: false });
  });

  it('a pod that fell back goes first; the pods that stay instead of it are put back', async () => {
    const given = scaleOf([1, 1], 4);
    const { cluster } = given;
    let tries = 0;
    cluster.before = (activity) => {
      if (activity !== 'scale' || tries > 0) return;
      tries += 1;
      const ill = cluster.pods.get('a2');
      if (ill) ill.ready = false;
      throw refused('PODS_OVERTAKEN', 'it would take a2');
    };
    expect(await run(given, ({ handle }) => handle.result())).toMatchObject({ phase: 'succeeded' });
    expect(cluster.went).toEqual(['a2', 'a6']);
    expect([...cluster.pods.values()].every((pod) => pod.serving)).toBe(true);
  });

  it('another number holds it; take over sets back, adopt ends it there', async () => {
    for (const decision of ['takeOver', 'adopt'] as const) {
      const given = scaleOf([1, 2], 3, {}, [{ approval }]);
      const { cluster } = given;
      await run(given, async ({ handle, until }) => {
        await until((status) => status.waiting?.for === 'approval');
        cluster.scale(8);
        await handle.executeUpdate('approve', { args: [{ gate: 'after-batch-1', by: 'bob' }] });
        await until((status) => status.phase === 'held');
        await handle.executeUpdate(decision, { args: [{ by: 'bob' }] });
        const phase = decision === 'adopt' ? 'handedOver' : 'succeeded';
        expect(await handle.result()).toMatchObject({ phase });
      });
      expect(cluster.pods.size).toBe(decision === 'adopt' ? 8 : 3);
      expect(cluster).toMatchObject({ paused: false, open: false, holder: undefined });
      expect(cluster.scalers).toBe(decision === 'adopt' ? 'as before' : 'bound');
    }
  });

  it('pods that crash take a scale up back; with Hold people decide', async () => {
    const given = scaleOf([2], 8, { onFailure: 'Hold' });
    const { cluster } = given;
    cluster.broken.set('app:v1', 'POD_FAILED');
    await run(given, async ({ handle, until }) => {
      const held = await until((status) => status.phase === 'held');
      expect(held.text).toContain('app:v1 crashes');
      cluster.broken.clear();
      await handle.executeUpdate('resume', { args: [{ by: 'bob' }] });
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(cluster.pods.size).toBe(8);
    expect(cluster.calls.filter((call) => call.startsWith('scale'))).toEqual(['scale 8']);
  });
});
