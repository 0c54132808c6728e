import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HandfulRequest } from '../../workflows/contract/activities/handful.ts';
import type { ReleaseResult } from '../../workflows/contract/status.ts';
import { planOf } from './support/plans.ts';
import { refused, SimulatedCluster } from './support/simulatedCluster.ts';
import { type Running, simulation, withRelease } from './support/temporal.ts';
import { timeSkippingServer } from './support/timeSkippingServer.ts';

const approval = { required: 1, from: [], onExpiry: 'hold' as const };

describe.skipIf(timeSkippingServer() === undefined)('release workflow (time skipping)', () => {
  let env: TestWorkflowEnvironment;
  // One for each test: after refused updates the server's clock sometimes never jumps again (seen in one run of three).
  beforeEach(async () => {
    env = await simulation();
  });
  afterEach(async () => {
    await env.teardown();
  });

  it('upgrades gray, waits for approval, upgrades the batches, commits, and leaves nothing behind', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2, 3], {}, [{ approval }]));
    const result = await withRelease(env, cluster, async ({ handle, until }) => {
      const waiting = await until((status) => status.waiting?.for === 'approval');
      expect(waiting.phase).toBe('gate');
      expect(cluster.images()).toEqual(['app:v2', 'app:v1', 'app:v1', 'app:v1', 'app:v1', 'app:v1']);
      const reply = await handle.executeUpdate('approve', { args: [{ gate: 'after-gray', by: 'bob' }] });
      expect(reply).toMatchObject({ text: 'Approved after-gray (1 of 1).' });
      return (await handle.result()) as ReleaseResult;
    });
    expect(result).toMatchObject({ phase: 'succeeded', pods: 6 });
    expect(new Set(cluster.images())).toEqual(new Set(['app:v2']));
    expect([...cluster.pods.values()].every((pod) => pod.serving && pod.ready && pod.restarts === 1)).toBe(true);
    expect(cluster.mostDown).toBeLessThanOrEqual(2);
    expect(cluster).toMatchObject({ templateImage: 'app:v2', paused: false, open: false, holder: undefined });
    expect(cluster.calls.slice(0, 9)).toEqual([
      'plan',
      'acquire',
      'openTraffic',
      'survey',
      'drain a1',
      'silence a1',
      'patch a1',
      'wait a1',
      'restore a1',
    ]);
    expect(cluster.calls.slice(-4)).toEqual(['survey', 'commit', 'closeTraffic', 'release']);
  });

  it('a pod that stays in one stage holds up no other that has room', async () => {
    const cluster = new SimulatedCluster(planOf([6]));
    const others = () => [...cluster.pods.values()].filter(({ name, image }) => name !== 'a2' && image === 'app:v2');
    let letGo: () => void = () => undefined;
    const over = new Promise<void>((resolve) => void (letGo = resolve));
    cluster.before = (activity, request) => {
      const names = activity === 'silence' ? (request as HandfulRequest).pods.map(({ name }) => name) : [];
      if (activity === 'restore' && others().length === 5) letGo();
      // Somebody keeps a connection to it until all others are through.
      return names.includes('a2') ? over : undefined;
    };
    const result = await withRelease(env, cluster, ({ handle }) => handle.result());
    expect(result).toMatchObject({ phase: 'succeeded', pods: 6 });
    expect(cluster.calls.filter((call) => call.startsWith('silence'))).toContain('silence a2');
    expect(cluster.mostDown).toBeLessThanOrEqual(2);
  });

  it('a version that crashes stops at the gray pod, which alone was touched and is put back', async () => {
    const cluster = new SimulatedCluster(planOf([1, 5]));
    cluster.broken.set('app:v2', 'POD_FAILED');
    const result = await withRelease(env, cluster, ({ handle }) => handle.result() as Promise<ReleaseResult>);
    expect(result).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' } });
    expect([...cluster.pods.values()].map((pod) => pod.restarts)).toEqual([2, 0, 0, 0, 0, 0]);
    expect(new Set(cluster.images())).toEqual(new Set(['app:v1']));
    expect([...cluster.pods.values()].every((pod) => pod.serving && pod.ready)).toBe(true);
    expect(cluster.calls.at(-1)).toBe('release');
    expect(cluster.calls.indexOf('closeTraffic')).toBeGreaterThan(cluster.calls.indexOf('undo-restore a1'));
    expect(cluster).toMatchObject({ templateImage: 'app:v1', paused: false, open: false });
  });

  it('reject at the gate rolls back and keeps the reason', async () => {
    const cluster = new SimulatedCluster(planOf([2, 2], {}, [{ approval }]));
    const status = await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      await handle.executeUpdate('reject', { args: [{ gate: 'after-gray', by: 'bob', reason: 'errors in the log' }] });
      return until((now) => now.phase === 'rolledBack');
    });
    expect(status.text).toContain('Rolled back');
    expect(status.log.some(({ by, text }) => by === 'bob' && text.includes('errors in the log'))).toBe(true);
    expect(new Set(cluster.images())).toEqual(new Set(['app:v1']));
  });

  it('scenario 17: a pause in the middle of a batch lets pods in flight finish and starts none; resume goes on', async () => {
    const cluster = new SimulatedCluster(planOf([1, 5]));
    cluster.slow.add('app:v2');
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.batches[0]?.state === 'running');
      cluster.slow.clear();
      cluster.before = (activity) => {
        if (activity === 'patch' && cluster.images().filter((image) => image === 'app:v2').length === 1)
          cluster.slow.add('app:v2');
      };
      await until(() => cluster.images().filter((image) => image === 'app:v2').length === 3);
      await handle.executeUpdate('pause', { args: [{ by: 'bob' }] });
      cluster.before = () => undefined;
      cluster.slow.clear();
      await until(() => [...cluster.pods.values()].filter((pod) => pod.image === 'app:v2' && pod.serving).length === 3);
      const calls = cluster.calls.filter((call) => call.startsWith('patch')).length;
      const paused = await until((now) => now.paused !== undefined);
      expect(paused.waiting).toMatchObject({ for: 'resume' });
      expect(cluster.calls.filter((call) => call.startsWith('patch')).length).toBe(calls);
      await handle.executeUpdate('resume', { args: [{ by: 'bob' }] });
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect([...cluster.pods.values()].every((pod) => pod.restarts === 1)).toBe(true);
  });

  it('rollback in the middle of a batch wins at once: no pod stays drained, each is back on its old version', async () => {
    const cluster = new SimulatedCluster(planOf([1, 5]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      cluster.before = (activity) => {
        if (activity === 'patch' && cluster.images().includes('app:v2')) cluster.slow.add('app:v2');
      };
      await until(() => cluster.images().filter((image) => image === 'app:v2').length === 3);
      await handle.executeUpdate('rollback', { args: [{ by: 'carol', reason: 'customers complain' }] });
      const result = await handle.result();
      expect(result).toMatchObject({ text: 'Rolled back to v1 for carol: customers complain' });
      expect(result).not.toHaveProperty('failure');
    });
    expect(new Set(cluster.images())).toEqual(new Set(['app:v1']));
    expect([...cluster.pods.values()].every((pod) => pod.serving)).toBe(true);
    expect([...cluster.pods.values()].filter((pod) => pod.restarts === 0).length).toBe(3);
  });

  it("Temporal's own Cancel rolls back too", async () => {
    const cluster = new SimulatedCluster(planOf([1, 2], {}, [{ approval }]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      await handle.cancel();
      const ended = await until((now) => now.phase === 'rolledBack');
      expect(ended.log.some(({ by }) => by === 'Temporal')).toBe(true);
    });
    expect(new Set(cluster.images())).toEqual(new Set(['app:v1']));
  });

  it('scenario 49: a stale, foreign or second approval changes nothing and says why', async () => {
    const cluster = new SimulatedCluster(
      planOf([1, 1], {}, [{ approval: { ...approval, required: 2, from: ['bob', 'carol'] } }]),
    );
    await withRelease(env, cluster, async ({ handle, run, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      const code = async (args: unknown): Promise<string | null | undefined> => {
        try {
          await handle.executeUpdate('approve', { args: [args] });
          return 'accepted';
        } catch (error) {
          const cause = error instanceof WorkflowUpdateFailedError ? error.cause : error;
          return cause instanceof ApplicationFailure ? cause.type : String(error);
        }
      };
      expect(await code({ gate: 'after-batch-1', by: 'bob' })).toBe('GATE_PASSED');
      expect(await code({ gate: 'after-gray', by: 'bob', run: 'another' })).toBe('RELEASE_NOT_FOUND');
      expect(await code({ gate: 'after-gray', by: 'mallory' })).toBe('NOT_ALLOWED');
      expect(await code({ by: 'bob' })).toBe('MESSAGE_INVALID');
      expect(await code('yes')).toBe('MESSAGE_INVALID');
      expect(await code({ gate: 'after-gray', by: 'bob', run })).toBe('accepted');
      expect(await code({ gate: 'after-gray', by: 'bob' })).toBe('ALREADY_DECIDED');
      await handle.signal('approve', 42);
      const now = await until((status) => status.refused.length === 2);
      expect(now.refused.map((refusal) => refusal.code)).toEqual(['NOT_ALLOWED', 'MESSAGE_INVALID']);
      expect(now.waiting?.approvals?.have.map(({ by }) => by)).toEqual(['bob']);
      await handle.signal('approve', { gate: 'after-gray', by: 'carol' });
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
  });

  it('scenario 51: an approval that expires holds or rolls back, as the spec says', async () => {
    const rollback = new SimulatedCluster(
      planOf([1, 1], {}, [{ approval: { ...approval, expiresMs: 86_400_000, onExpiry: 'rollback' } }]),
    );
    expect(await withRelease(env, rollback, ({ handle }) => handle.result())).toMatchObject({ phase: 'rolledBack' });
    const hold = new SimulatedCluster(planOf([1, 1], {}, [{ approval: { ...approval, expiresMs: 3_600_000 } }]));
    await withRelease(env, hold, async ({ handle, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      await env.sleep('2h');
      const late = await until((now) => now.text.includes('over'));
      expect(late.phase).toBe('gate');
      await handle.executeUpdate('approve', { args: [{ gate: 'after-gray', by: 'bob' }] });
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
  });

  it('onFailure Hold waits; resume tries the batch again', async () => {
    const cluster = new SimulatedCluster(planOf([2, 1], { onFailure: 'Hold' }));
    cluster.broken.set('app:v2', 'POD_FAILED');
    await withRelease(env, cluster, async ({ handle, until }) => {
      const held = await until((now) => now.phase === 'held');
      expect(held.waiting).toMatchObject({ for: 'hold' });
      cluster.broken.clear();
      await handle.executeUpdate('resume', { args: [{ by: 'bob' }] });
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect([...cluster.pods.values()].every((pod) => pod.serving)).toBe(true);
  });

  describe('scenario 53: checks that cannot be decided hold, whatever onFailure says', () => {
    const check = {
      prometheus: {
        server: 'http://prometheus',
        query: 'errors',
        max: 0.1,
        noData: 'unsure' as const,
        onUndecided: 'hold' as const,
      },
    };
    const held = async (
      gate: Parameters<typeof planOf>[2],
      use: (cluster: SimulatedCluster, running: Running) => Promise<unknown>,
    ) => {
      const cluster = new SimulatedCluster(planOf([1, 2], { checks: [check] }, gate));
      cluster.verdict = 'CHECK_UNDECIDED';
      await withRelease(env, cluster, async (running) => {
        const status = await running.until((now) => now.waiting?.for === 'hold');
        expect(status).toMatchObject({ phase: 'held', waiting: { gate: 'after-gray' } });
        expect(status.text).toBe('Held: no data. Resume asks again, approve goes on without it, rollback undoes.');
        expect(cluster.images()).toEqual(['app:v2', 'app:v1', 'app:v1']);
        await use(cluster, running);
      });
      return cluster;
    };
    const checksOf = ({ calls }: SimulatedCluster) => calls.filter((call) => call.startsWith('check'));
    const approve = { args: [{ gate: 'after-gray', by: 'bob' }] as [object] };

    it('resume asks again: held once more, then the data are there, and it goes on', async () => {
      const cluster = await held([], async (there, { handle, until }) => {
        await handle.executeUpdate('resume', { args: [{ by: 'bob' }] });
        await until((now) => now.waiting?.for === 'hold' && checksOf(there).length === 2);
        there.verdict = undefined;
        await handle.executeUpdate('resume', { args: [{ by: 'bob' }] });
        expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
      });
      expect(checksOf(cluster)).toEqual(['check a1', 'check a1', 'check a1', 'check a2']);
    });

    it('what then fails is a failure', async () => {
      const cluster = await held([], async (there, { handle }) => {
        there.verdict = 'CHECK_FAILED';
        await handle.executeUpdate('resume', { args: [{ by: 'bob' }] });
        expect(await handle.result()).toMatchObject({ phase: 'rolledBack', failure: { code: 'CHECK_FAILED' } });
      });
      expect(new Set(cluster.images())).toEqual(new Set(['app:v1']));
    });

    it('an approval goes on without them at this gate, not at the next', async () => {
      const cluster = await held([], async (there, { handle, until }) => {
        const { text } = await handle.executeUpdate<{ text: string }, [object]>('approve', approve);
        expect(text).toBe('Approved after-gray: it goes on without its checks.');
        const status = await until((now) => now.waiting?.for === 'hold' && now.waiting.gate !== 'after-gray');
        expect(status.waiting?.gate).toBe('after-batch-1');
        there.verdict = undefined;
        await handle.executeUpdate('resume', { args: [{ by: 'bob' }] });
        expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
      });
      expect(checksOf(cluster)).toEqual(['check a1', 'check a2', 'check a2']);
    });

    it('where the gate needs approvals, that is one of them, by somebody who may', async () => {
      const two = { required: 2, from: ['bob', 'eve'], onExpiry: 'hold' as const };
      await held([{ approval: two }], async (there, { handle, until }) => {
        await expect(
          handle.executeUpdate('approve', { args: [{ gate: 'after-gray', by: 'mallory' }] }),
        ).rejects.toMatchObject({ cause: { type: 'NOT_ALLOWED' } });
        await handle.executeUpdate('approve', approve);
        const status = await until((now) => now.waiting?.for === 'approval');
        expect(status.waiting?.approvals?.have.map(({ by }) => by)).toEqual(['bob']);
        there.verdict = undefined;
        await handle.executeUpdate('approve', { args: [{ gate: 'after-gray', by: 'eve' }] });
        expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
      });
    });

    it('a rollback undoes it', async () => {
      const cluster = await held([], async (_, { handle }) => {
        await handle.executeUpdate('rollback', { args: [{ by: 'bob' }] });
        expect(await handle.result()).toMatchObject({ phase: 'rolledBack' });
      });
      expect(cluster).toMatchObject({ templateImage: 'app:v1', holder: undefined, open: false });
    });
  });

  it('§8.4: a compensation that cannot work does not stop the rest and is reported by name', async () => {
    const cluster = new SimulatedCluster(planOf([1, 1]));
    cluster.broken.set('app:v2', 'POD_FAILED');
    cluster.before = (activity) => {
      if (activity === 'closeTraffic') throw refused('FORBIDDEN', 'may not patch services');
    };
    await withRelease(env, cluster, async ({ handle, until }) => {
      const failure = await handle.result().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(WorkflowFailedError);
      expect((failure as WorkflowFailedError).cause).toMatchObject({ type: 'ROLLBACK_INCOMPLETE' });
      const ended = await until((now) => now.phase === 'failed');
      expect(ended.notUndone).toMatchObject([
        { code: 'FORBIDDEN', text: expect.stringContaining('way out of traffic') },
      ]);
      expect(ended.notUndone[0]?.next).toContain('selector');
    });
    expect(cluster.calls.at(-1)).toBe('release');
    expect(cluster.images()).toEqual(['app:v1', 'app:v1']);
  });

  it('a failed commit is undone, pods too', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2]));
    cluster.before = (activity) => {
      if (activity === 'commit') throw refused('FORBIDDEN', 'may not patch deployments');
    };
    const result = await withRelease(env, cluster, ({ handle }) => handle.result());
    expect(result).toMatchObject({ phase: 'rolledBack', failure: { code: 'FORBIDDEN' } });
    expect(new Set(cluster.images())).toEqual(new Set(['app:v1']));
    const tail = cluster.calls.slice(cluster.calls.indexOf('commit') + 1);
    expect(tail.filter((call) => !call.startsWith('undo-'))).toEqual([
      'uncommit',
      'openTraffic',
      'survey',
      'closeTraffic',
      'release',
    ]);
  });

  it('pods that die in mid-release are counted as gone, and those born from the old template come along', async () => {
    const cluster = new SimulatedCluster(planOf([1, 2, 2], {}, [{ approval }]));
    await withRelease(env, cluster, async ({ handle, until }) => {
      await until((now) => now.waiting?.for === 'approval');
      cluster.replace('a1', 'b1');
      cluster.replace('a4', 'b4');
      await handle.executeUpdate('approve', { args: [{ gate: 'after-gray', by: 'bob' }] });
      expect(await handle.result()).toMatchObject({ phase: 'succeeded' });
    });
    expect(new Set(cluster.images())).toEqual(new Set(['app:v2']));
    expect(cluster.pods.size).toBe(5);
  });

  it('a workflow id that is no release is refused before anything is touched', async () => {
    const cluster = new SimulatedCluster(planOf([1]));
    const ended = (running: Running): Promise<unknown> => running.handle.result().catch((error: unknown) => error);
    const failure = await withRelease(env, cluster, ended, { id: 'my-release' });
    expect((failure as WorkflowFailedError).cause).toMatchObject({ type: 'USAGE' });
    expect(cluster.calls).toEqual([]);
  });

  it('a spec for another workload than the id names is refused before anything is touched', async () => {
    const cluster = new SimulatedCluster(planOf([1], { target: { ...planOf([1]).target, name: 'other' } }));
    const status = await withRelease(env, cluster, async ({ handle, until }) => {
      const failure = await handle.result().catch((error: unknown) => error);
      expect((failure as WorkflowFailedError).cause).toMatchObject({ type: 'SPEC_INVALID' });
      return until((now) => now.phase === 'failed');
    });
    expect(status.log.map(({ text }) => text).join()).not.toContain('Rolling back');
    expect(cluster.calls).toEqual(['plan']);
  });
});
