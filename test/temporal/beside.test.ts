import type { WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReleaseStatus } from '../../workflows/contract/status.ts';
import { planOf } from './support/plans.ts';
import { besidePlan } from './support/simulatedBeside.ts';
import { SimulatedCluster } from './support/simulatedCluster.ts';
import { inNewRun, type Running, simulation, withRelease } from './support/temporal.ts';
import { timeSkippingServer } from './support/timeSkippingServer.ts';

type Mode = 'Canary' | 'BlueGreen';
const bob = { args: [{ by: 'bob' }] as [{ by: string }] };
const anna = { args: [{ by: 'anna' }] as [{ by: string }] };
const newer = { args: [{ by: 'bob', spec: {} }] as [{ by: string; spec: object }] };
const approve = (gate: string) => ({ args: [{ by: 'bob', gate }] as [{ by: string; gate: string }] });
const inHands = ({ phase, operator }: ReleaseStatus): boolean => phase === 'manual' && operator?.since !== undefined;

const plan = (mode: Mode, tag: string, from?: string) => besidePlan(planOf([3]), mode, tag, from);

/** Three old pods, and a plan to v2; a newer one to v3. */
function clusterFor(mode: Mode): SimulatedCluster {
  const cluster = new SimulatedCluster(planOf([3]));
  cluster.planned = plan(mode, 'v2');
  cluster.next = () => plan(mode, 'v3');
  return cluster;
}

/** Its gates, in order. */
const gates = { Canary: ['after-canary-1', 'after-canary-2'], BlueGreen: ['before-switch'] } as const;
const isAt =
  (gate: string | undefined) =>
  ({ waiting }: ReleaseStatus): boolean =>
    waiting?.for === 'approval' && waiting.gate === gate;

/** Goes through all its gates before the switch but the last, where it stops. */
async function atLastGate({ handle, until }: Running, mode: Mode): Promise<ReleaseStatus> {
  for (const gate of gates[mode].slice(0, -1)) {
    await until(isAt(gate));
    await handle.executeUpdate('approve', approve(gate));
  }
  return until(isAt(gates[mode].at(-1)));
}

/** How long the timers of its run were set for, ms. */
async function timersOf(handle: WorkflowHandle): Promise<readonly number[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) => {
    const { seconds, nanos } = timer?.startToFireTimeout ?? {};
    return timer ? [Number(seconds ?? 0) * 1_000 + (nanos ?? 0) / 1e6] : [];
  });
}

/** Through these gates, and over the switch. */
async function toSwitch({ handle, until }: Running, through: readonly string[]): Promise<void> {
  for (const gate of through) {
    await until(isAt(gate));
    await handle.executeUpdate('approve', approve(gate));
  }
  await until(isAt('after-switch'));
}

async function toTheEnd(running: Running, through: readonly string[]): Promise<unknown> {
  await toSwitch(running, through);
  await running.handle.executeUpdate('approve', approve('after-switch'));
  return running.handle.result();
}

const asBefore = { paused: false, holder: undefined, templateImage: 'app:v1' };
const untouched = { side: 'both', weight: 0, lost: [], raced: [] };
const check = {
  prometheus: {
    server: 'http://prometheus',
    query: 'errors',
    max: 0.1,
    noData: 'fail' as const,
    onUndecided: 'hold' as const,
  },
};

/** Temporal with a clock that jumps, for each test. */
function simulations(): () => TestWorkflowEnvironment {
  let env: TestWorkflowEnvironment;
  beforeEach(async () => {
    env = await simulation();
  });
  afterEach(async () => {
    await env.teardown();
  });
  return () => env;
}

/** The same release in whichever run it goes on. */
function latest(env: TestWorkflowEnvironment, running: Running): Running {
  const handle = env.client.workflow.getHandle(running.handle.workflowId);
  return {
    ...running,
    handle,
    until: async (wanted) => {
      for (;;) {
        const now = await handle.query<ReleaseStatus>('status');
        if (wanted(now)) return now;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}

const cannot = timeSkippingServer() === undefined;

describe.skipIf(cannot).each<Mode>(['Canary', 'BlueGreen'])('in the middle of %s', (mode) => {
  const env = simulations();
  const first = gates[mode][0];

  it('a newer version: callers go back before pods, the hold is given up and taken anew, and it begins at its first step', async () => {
    const cluster = clusterFor(mode);
    await withRelease(env(), cluster, async (running) => {
      const { handle, run } = running;
      await atLastGate(running, mode);
      cluster.before = (activity) => {
        if (activity === 'release') cluster.planned = plan(mode, 'v3');
      };
      await handle.executeUpdate('supersede', newer);
      const again = latest(env(), running);
      const now = await again.until((status) => status.run !== run && isAt(first)(status));
      expect(now).toMatchObject({ version: 'v3', fromVersion: 'v1', supersedes: { run, version: 'v2' } });
      const back = cluster.calls.slice(cluster.calls.lastIndexOf('plan-next') + 1);
      const born = mode === 'Canary' ? 'green 1' : 'green 100%';
      expect(back.slice(0, back.indexOf(born) + 1).filter((call) => !call.startsWith('undo-silence'))).toEqual([
        ...(mode === 'Canary' ? ['unshift', 'point blue', 'removeGreen', 'endCanary'] : ['removeGreen']),
        'point both',
        'release',
        'plan',
        'acquire',
        'point blue',
        born,
      ]);
      expect(cluster.images().toSorted()).toEqual([
        'app:v1',
        'app:v1',
        'app:v1',
        ...(mode === 'Canary' ? ['app:v3'] : ['app:v3', 'app:v3', 'app:v3']),
      ]);
      await toSwitch(again, gates[mode]);
      for (const [name, message] of [
        ['supersede', newer],
        ['handOver', anna],
      ] as const) {
        await expect(again.handle.executeUpdate(name, message)).rejects.toMatchObject({
          cause: { type: 'REFUSED', message: expect.stringContaining('Callers were switched') },
        });
      }
      await again.handle.executeUpdate('approve', approve('after-switch'));
      expect(await again.handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(cluster.images()).toEqual(['app:v3', 'app:v3', 'app:v3']);
    expect(cluster.beside).toMatchObject({ ...untouched, born: 6 });
    expect(cluster).toMatchObject({ ...asBefore, templateImage: 'app:v3' });
  });

  it('handed over nothing of it is left; approve is refused; taken back it is planned anew, as many pods as there are then', async () => {
    const cluster = clusterFor(mode);
    await withRelease(env(), cluster, async (running) => {
      const { handle, until } = running;
      await atLastGate(running, mode);
      await handle.executeUpdate('handOver', anna);
      const lent = await until(inHands);
      expect(lent.waiting).toMatchObject({ for: 'operator' });
      expect(cluster).toMatchObject(asBefore);
      expect(cluster.beside).toMatchObject(untouched);
      expect(cluster.images()).toEqual(['app:v1', 'app:v1', 'app:v1']);
      await expect(handle.executeUpdate('approve', approve(first))).rejects.toMatchObject({
        cause: { type: 'REFUSED' },
      });
      cluster.scale(5);
      await handle.executeUpdate('takeBack', bob);
      await until(isAt(first));
      expect(cluster.beside.green.size).toBe(mode === 'Canary' ? 1 : 5);
      expect(await toTheEnd(running, gates[mode])).toMatchObject({ phase: 'succeeded' });
    });
    expect(cluster.images()).toEqual(Array.from({ length: 5 }, () => 'app:v2'));
    expect(cluster.beside.lost).toEqual([]);
    expect(cluster).toMatchObject({ ...asBefore, templateImage: 'app:v2' });
  });

  it('checks look at the new pods at each gate, after the switch too: what fails there switches back and is not committed', async () => {
    const cluster = clusterFor(mode);
    cluster.planned = { ...cluster.planned, checks: [check] };
    let asked = 0;
    cluster.before = (activity) => {
      if (activity !== 'check') return;
      asked += 1;
      if (cluster.beside.side === 'green') throw ApplicationFailure.nonRetryable('0.2 is too much', 'CHECK_FAILED');
    };
    const result = await withRelease(env(), cluster, async (running) => {
      for (const gate of gates[mode]) {
        await running.until(isAt(gate));
        await running.handle.executeUpdate('approve', approve(gate));
      }
      return running.handle.result();
    });
    expect(result).toMatchObject({ phase: 'rolledBack', failure: { code: 'CHECK_FAILED' } });
    expect(asked).toBe(gates[mode].length + 1);
    expect(cluster.calls.findLast((call) => call.startsWith('check'))).toMatch(/^check green-/);
    expect(cluster.calls).not.toContain('adopt');
    expect(cluster.beside).toMatchObject(untouched);
    expect(cluster.images()).toEqual(['app:v1', 'app:v1', 'app:v1']);
  });

  it('a guard has ended before anything goes back: what it writes last is not written over it', async () => {
    const cluster = clusterFor(mode);
    cluster.beside.guardLingersMs = 400;
    await withRelease(env(), cluster, async (running) => {
      await atLastGate(running, mode);
      await running.handle.executeUpdate('rollback', bob);
      expect(await running.handle.result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(cluster.calls).toContain('guard');
    expect(cluster.beside).toMatchObject(untouched);
    expect(cluster.images()).toEqual(['app:v1', 'app:v1', 'app:v1']);
  });

  it('gates that stay open for longer than one history: they go on in a new run with their approvals, and nothing is done twice', async () => {
    const cluster = clusterFor(mode);
    const approval = { required: 2, from: [], expiresMs: 3_600_000, onExpiry: 'rollback' as const };
    const batches = cluster.planned.batches.map((batch) => ({ ...batch, gate: { ...batch.gate, approval } }));
    const notify = [{ webhook: { url: 'http://chat' } }];
    cluster.planned = { ...cluster.planned, batches, checks: [check], notify };
    const all = [...gates[mode], 'after-switch'];
    await withRelease(env(), cluster, async (running) => {
      const handle = env().client.workflow.getHandle(running.handle.workflowId);
      for (const gate of all) {
        await running.until(isAt(gate));
        await handle.executeUpdate('approve', approve(gate));
        await inNewRun(cluster, handle);
        const { waiting, log } = await running.until(isAt(gate));
        expect(waiting?.approvals?.have.map(({ by }) => by)).toEqual(['bob']);
        expect(log.filter(({ text }) => text.startsWith('Switched')).length).toBe(gate === 'after-switch' ? 1 : 0);
        // What is left of the hour in which it must be approved.
        await expect.poll(async () => (await timersOf(handle)).length).toBe(1);
        expect((await timersOf(handle))[0]).toBeLessThan(3_600_000);
        await handle.executeUpdate('approve', { args: [{ by: 'anna', gate }] });
      }
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    const times = (call: string): number => cluster.calls.filter((made) => made.startsWith(call)).length;
    expect([times('check'), times('point green'), cluster.beside.born]).toEqual([all.length, 1, 3]);
    expect(cluster.events.filter(({ kind }) => kind === 'gate')).toHaveLength(all.length);
    expect(cluster.images()).toEqual(['app:v2', 'app:v2', 'app:v2']);
  });

  it('new pods that die again and again before they are ready have failed: no gate opens with fewer', async () => {
    const cluster = clusterFor(mode);
    cluster.before = (activity) => {
      if (activity !== 'wait') return;
      for (const uid of cluster.beside.green) cluster.pods.delete(uid.replace('uid-', ''));
      cluster.beside.green.clear();
    };
    const result = await withRelease(env(), cluster, ({ handle }) => handle.result());
    expect(result).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' } });
    expect(cluster.beside.born).toBe(mode === 'Canary' ? 5 : 15);
    expect(cluster.images()).toEqual(['app:v1', 'app:v1', 'app:v1']);
  });
});

describe.skipIf(cannot)('in the middle of a canary', () => {
  const env = simulations();
  const mode = 'Canary';
  const first = gates[mode][0];

  it('a newer version for which no plan can be made any more leaves it where it stood, and no pod comes twice', async () => {
    const cluster = clusterFor(mode);
    await withRelease(env(), cluster, async (running) => {
      await atLastGate(running, mode);
      let asked = 0;
      cluster.next = () => {
        asked += 1;
        if (asked === 1) return plan(mode, 'v3');
        throw ApplicationFailure.nonRetryable('There is no image v3 any more.', 'IMAGE_NOT_FOUND');
      };
      await running.handle.executeUpdate('supersede', newer);
      await running.until(({ log }) => log.some(({ text }) => text.startsWith('It goes on by itself')));
      expect(await toTheEnd(running, gates[mode].slice(-1))).toMatchObject({ phase: 'succeeded' });
    });
    expect(cluster.beside).toMatchObject({ ...untouched, born: 3 });
    expect(cluster.images()).toEqual(['app:v2', 'app:v2', 'app:v2']);
  });

  it('held, and refused a newer version, it stays held until somebody says how it goes on', async () => {
    const cluster = clusterFor(mode);
    cluster.planned = { ...cluster.planned, onFailure: 'Hold' };
    cluster.brokenPods.add('green-1');
    await withRelease(env(), cluster, async (running) => {
      const { handle, until } = running;
      await until((now) => now.phase === 'held');
      let asked = 0;
      cluster.next = () => {
        asked += 1;
        if (asked === 1) return plan(mode, 'v3');
        throw ApplicationFailure.nonRetryable('There is no image v3 any more.', 'IMAGE_NOT_FOUND');
      };
      await handle.executeUpdate('supersede', newer);
      await until(({ log }) => log.some(({ text }) => text.startsWith('It goes on by itself')));
      await handle.executeUpdate('pause', { args: [{ by: 'bob' }] });
      expect((await until((now) => now.phase === 'held')).waiting).toMatchObject({ for: 'hold' });
      expect(cluster.calls.filter((call) => call.startsWith('green'))).toHaveLength(1);
      cluster.brokenPods.clear();
      await handle.executeUpdate('resume', { args: [{ by: 'bob' }] });
      await until(isAt(first));
      await handle.executeUpdate('rollback', { args: [{ by: 'bob' }] });
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(cluster.beside).toMatchObject({ ...untouched, born: 1 });
  });

  it('a rollback while everyone goes back wins: nothing newer begins', async () => {
    const cluster = clusterFor(mode);
    await withRelease(env(), cluster, async (running) => {
      const { handle } = running;
      await atLastGate(running, mode);
      cluster.before = async (activity) => {
        if (activity !== 'removeGreen') return;
        cluster.before = () => undefined;
        await handle.executeUpdate('rollback', { args: [{ by: 'carol' }] });
      };
      await handle.executeUpdate('supersede', newer);
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(cluster.calls.filter((call) => call === 'plan')).toHaveLength(1);
    expect(cluster).toMatchObject(asBefore);
    expect(cluster.beside).toMatchObject(untouched);
    expect(cluster.images()).toEqual(['app:v1', 'app:v1', 'app:v1']);
  });

  it('what cannot be undone ends it there: nothing newer begins beside what is left, and it is named', async () => {
    const cluster = clusterFor(mode);
    await withRelease(env(), cluster, async (running) => {
      await atLastGate(running, mode);
      cluster.before = (activity) => {
        if (activity === 'unshift') throw ApplicationFailure.nonRetryable('It cannot be reached.', 'POD_FAILED');
      };
      await running.handle.executeUpdate('supersede', newer);
      const failure = await running.handle.result().catch((error: unknown) => error);
      expect((failure as WorkflowFailedError).cause).toMatchObject({ type: 'ROLLBACK_INCOMPLETE' });
    });
    expect(cluster.calls.filter((call) => call === 'plan')).toHaveLength(1);
    expect(cluster.beside.lost).toEqual([]);
    expect(cluster.beside.green.size).toBe(3);
  });

  it('taken back it asks over another template, waits for a rollout, and is planned anew from what the operator made', async () => {
    const cluster = clusterFor(mode);
    await withRelease(env(), cluster, async (running) => {
      const { handle, until } = running;
      await atLastGate(running, mode);
      await handle.executeUpdate('handOver', anna);
      await until(inHands);
      cluster.templateImage = 'app:v4';
      cluster.busy = true;
      await handle.executeUpdate('takeBack', bob);
      expect(await until((now) => now.phase === 'held')).toMatchObject({ text: expect.stringContaining('native') });
      cluster.busy = false;
      for (const pod of cluster.pods.values()) pod.image = 'app:v4';
      await handle.executeUpdate('resume', bob);
      await until((now) => now.phase === 'held' && now.text.includes('app:v4'));
      cluster.planned = plan(mode, 'v2', 'v4');
      await handle.executeUpdate('takeOver', bob);
      await until(isAt(first));
      expect(cluster.images().filter((image) => image === 'app:v4')).toHaveLength(3);
      await handle.executeUpdate('rollback', bob);
      expect(await handle.result()).toMatchObject({ phase: 'rolledBack' });
    });
    expect(cluster.images()).toEqual(['app:v4', 'app:v4', 'app:v4']);
    expect(cluster).toMatchObject({ ...asBefore, templateImage: 'app:v4' });
    expect(cluster.beside).toMatchObject(untouched);
  });

  it('an operator who has brought the new version to the end has ended it; adopt ends it with whatever is there', async () => {
    for (const end of ['takeBack', 'adopt'] as const) {
      const cluster = clusterFor(mode);
      await withRelease(env(), cluster, async (running) => {
        await atLastGate(running, mode);
        await running.handle.executeUpdate('handOver', anna);
        await running.until(inHands);
        cluster.templateImage = 'app:v2';
        for (const pod of cluster.pods.values()) pod.image = 'app:v2';
        await running.handle.executeUpdate(end, bob);
        const phase = end === 'adopt' ? 'handedOver' : 'succeeded';
        expect(await running.handle.result()).toMatchObject({ phase });
      });
      expect(cluster.images()).toEqual(['app:v2', 'app:v2', 'app:v2']);
      expect(cluster).toMatchObject({ ...asBefore, templateImage: 'app:v2' });
    }
  });

  it('a rollback wins while it is handed over, and in the hands of an operator; what fails then is tried once more by one', async () => {
    for (const when of ['meanwhile', 'inHands', 'failed'] as const) {
      const cluster = clusterFor(mode);
      await withRelease(env(), cluster, async (running) => {
        const { handle, until } = running;
        await atLastGate(running, mode);
        cluster.before = async (activity) => {
          if (activity !== 'removeGreen' || when === 'inHands') return;
          cluster.before = () => undefined;
          if (when === 'failed') throw ApplicationFailure.nonRetryable('It is away.', 'POD_FAILED');
          await handle.executeUpdate('rollback', bob);
        };
        await handle.executeUpdate('handOver', anna);
        if (when === 'inHands') {
          await until(inHands);
          await handle.executeUpdate('rollback', bob);
        }
        expect(await handle.result()).toMatchObject({ phase: 'rolledBack' });
      });
      expect(cluster).toMatchObject(asBefore);
      expect(cluster.beside).toMatchObject(untouched);
      expect(cluster.images()).toEqual(['app:v1', 'app:v1', 'app:v1']);
    }
  });
});
