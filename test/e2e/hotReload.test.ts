import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { whyImpossible } from '../../activities/reload/probe.ts';
import { sluice } from '../client/cli/io.ts';
import { kindsHere } from '../support/kindsHere.ts';
import {
  containers,
  deploy,
  ended,
  file,
  forget,
  image,
  kubectl,
  load,
  podsOf,
  records,
  say,
  specOf,
  versions,
} from '../support/reloads.ts';
import { openWorld, until, type World } from '../support/world.ts';

describe('HotReload on a real kubelet', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir);
    await world.worker();
  });
  afterAll(() => world?.close());

  it('a command under load: 0 failed requests, nothing started anew, the template as it was; history says so', async () => {
    const name = 'shop';
    await deploy(world, name);
    const before = await containers(world, name);
    const template = kubectl(world, 'get', `deployment/${name}`, '-o', 'jsonpath={.spec.template}');
    const callers = await load(world, name);
    await world.start(specOf(world, name, { version: 'config-7', command: say('v7'), undo: { command: forget } }));
    const status = await ended(world, name);
    const result = await callers.stop();
    expect(status).toMatchObject({ phase: 'succeeded', version: 'config-7', fromVersion: 'v1' });
    expect(status.progress).toEqual({ total: 4, done: 4, failed: 0 });
    expect(result.failed).toEqual([]);
    expect(await containers(world, name)).toEqual(before);
    expect(await versions(world, name)).toBe('v7 v7 v7 v7');
    expect(await records(world, name)).toBe(Array.from({ length: 4 }, () => 'config-7 Done').join(', '));
    expect(kubectl(world, 'get', `deployment/${name}`, '-o', 'jsonpath={.spec.template}')).toBe(template);
    expect(kubectl(world, 'rollout', 'history', `deployment/${name}`)).toMatch(/CAUSE\n1 [^\n]*\n\n?$/);
    expect(await world.traces(name)).toEqual([]);
    const { entries } = await world.sluice.history(world.target(name));
    expect(entries.map(({ native, record }) => [native?.revision, record?.version])).toEqual([
      [undefined, 'config-7'],
      [1, undefined],
    ]);
  });

  it('a rollback in the middle of a batch under load: the undo runs, 0 failed requests, nothing started anew', async () => {
    const name = 'back';
    await deploy(world, name);
    // A rollback of the first could ask for no version: none is on record.
    const command = say('{version}');
    await world.start(specOf(world, name, { version: 'v6', command }));
    expect(await ended(world, name)).toMatchObject({ phase: 'failed', failure: { code: 'RELOAD_IMPOSSIBLE' } });
    await world.start(specOf(world, name, { version: 'v6', command, undo: { command: forget } }));
    expect(await ended(world, name)).toMatchObject({ phase: 'succeeded' });
    const before = await containers(world, name);
    const callers = await load(world, name);
    await world.start(specOf(world, name, { version: 'v7', command }));
    await world.until(name, (status) => status.batches[1]?.state === 'running');
    await world.sluice.send(world.target(name), 'rollback', { by: 'carol', reason: 'customers complain' });
    const status = await ended(world, name);
    const result = await callers.stop();
    expect(status).toMatchObject({ phase: 'rolledBack', notUndone: [], fromVersion: 'v6' });
    expect(result.failed).toEqual([]);
    expect(await containers(world, name)).toEqual(before);
    expect(await versions(world, name)).toBe('v6 v6 v6 v6');
    expect(await records(world, name)).toBe(Array.from({ length: 4 }, () => 'v6 Done').join(', '));
    expect(await world.traces(name)).toEqual([]);
  });

  it('a container that is started anew while a gate waits has fallen back, and is done again', async () => {
    const name = 'fallen';
    await deploy(world, name, 'v1', 3);
    const approval = { required: 1 };
    await world.start(
      specOf(
        world,
        name,
        { version: 'config-7', command: say('v7') },
        { gates: { afterGray: { approval }, afterBatch: { bake: '0s' } } },
      ),
    );
    const waits = await world.until(name, (status) => status.waiting?.for === 'approval');
    const gray = waits.batches[0]?.pods[0]?.name ?? '';
    kubectl(world, 'exec', gray, '--', 'kill', '-TERM', '1');
    await until(async () => (await world.pods(name)).get(gray)?.restarts === 1);
    await until(async () => (await world.pods(name)).get(gray)?.ready === true);
    expect(await versions(world, name)).toBe('v1 v1 v1');
    await world.sluice.send(world.target(name), 'approve', { gate: 'after-gray', by: 'bob' });
    expect(await ended(world, name)).toMatchObject({ phase: 'succeeded' });
    expect(await versions(world, name)).toBe('v7 v7 v7');

    // Later: one is started anew, another is born.
    const on = [`deployment/${name}`, '-n', world.namespace];
    const verify = (...flags: string[]) =>
      sluice(['verify', ...on, ...flags], { env: { ...world.env, SLUICE_CLUSTER: world.cluster, USER: 'anna' } });
    expect(await verify()).toMatchObject({ exit: 0, stdout: expect.stringContaining('runs config-7') });
    const [one = '', other = ''] = [...(await world.pods(name)).keys()].toSorted();
    const restarts = (await world.pods(name)).get(one)?.restarts ?? 0;
    kubectl(world, 'delete', 'pod', other);
    kubectl(world, 'exec', one, '--', 'kill', '-TERM', '1');
    await until(async () => ((await world.pods(name)).get(one)?.restarts ?? 0) > restarts);
    await until(async () => {
      const now = [...(await world.pods(name)).values()];
      return now.length === 3 && now.every(({ ready }) => ready);
    });
    const found = await verify('-o', 'json');
    const { behind } = JSON.parse(found.stdout) as { behind: { name: string }[] };
    expect([found.exit, behind.length]).toEqual([4, 2]);
    expect(behind.map((pod) => pod.name)).toContain(one);
    expect(await verify('--repair', '--no-gates', '--wait')).toMatchObject({ exit: 0 });
    expect(await versions(world, name)).toBe('v7 v7 v7');
    expect(await verify()).toMatchObject({ exit: 0 });
  });

  it('a signal is sent to process 1; one that it does not handle, or that nothing can send, is refused in the plan', async () => {
    const name = 'signal';
    await deploy(world, name, 'v1', 2);
    for (const pod of (await world.pods(name)).keys()) {
      kubectl(world, 'exec', pod, '--', 'sh', '-c', `echo v8 > ${file}`);
    }
    await world.start(specOf(world, name, { version: 'config-8', signal: 'HUP' }));
    expect(await ended(world, name)).toMatchObject({ phase: 'succeeded' });
    expect(await versions(world, name)).toBe('v8 v8');

    await deploy(world, 'bare', 'v1-bare', 1);
    await world.start(specOf(world, 'bare', { version: 'config-8', signal: 'HUP' }));
    expect(await ended(world, 'bare')).toMatchObject({
      phase: 'failed',
      failure: { code: 'RELOAD_IMPOSSIBLE', text: expect.stringContaining('neither sh nor kill') },
    });
    expect(await records(world, 'bare')).toBe('- -');

    // The runtime of Go handles every signal; this program none.
    const overrides = {
      spec: {
        nodeSelector: { 'sluice.dev/fleet': 'containerd' },
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'app', image: image(world), command: ['sleep', '3600'] }],
      },
    };
    kubectl(
      world,
      'run',
      'deaf',
      `--image=${image(world)}`,
      '-l',
      'app=deaf',
      `--overrides=${JSON.stringify(overrides)}`,
    );
    kubectl(world, 'wait', 'pod/deaf', '--for=condition=Ready', '--timeout=60s');
    const [deaf] = await podsOf(world, 'deaf');
    const reload = { version: 'x', containers: ['app'], action: { signal: 'HUP' as const }, timeoutMs: 1000 };
    expect(deaf && (await whyImpossible(world.kube, deaf, reload, new AbortController().signal))).toEqual({
      container: 'app',
      why: 'its process 1 does not handle HUP: the signal would be lost',
    });
  });

  it('a command that fails, hangs or is missing: told with its last words, and rolled back; a missing one in the plan', async () => {
    const name = 'bad';
    await deploy(world, name, 'v1', 2);
    const before = await containers(world, name);
    const undo = { command: ['sh', '-c', `echo undone > ${file}-undo`] };
    await world.start(
      specOf(world, name, { version: 'x1', command: ['sh', '-c', 'echo no such table >&2; exit 3'], undo }),
    );
    expect(await ended(world, name)).toMatchObject({
      phase: 'rolledBack',
      notUndone: [],
      failure: { code: 'RELOAD_FAILED', text: expect.stringContaining('exit code 3: no such table') },
    });
    const undone = [...(await world.pods(name)).keys()].filter((pod) =>
      kubectl(world, 'exec', pod, '--', 'ls', '/dev/shm').includes('version-undo'),
    );
    expect(undone).toHaveLength(1);

    await world.start(specOf(world, name, { version: 'x2', command: ['sleep', '20'], timeout: '1s', undo }));
    expect(await ended(world, name)).toMatchObject({
      phase: 'rolledBack',
      notUndone: [],
      failure: { code: 'RELOAD_FAILED', text: expect.stringContaining('not through after 1s') },
    });

    await world.start(specOf(world, name, { version: 'x3', command: ['nginx', '-s', 'reload'] }));
    expect(await ended(world, name)).toMatchObject({
      phase: 'failed',
      batches: [],
      failure: { code: 'RELOAD_IMPOSSIBLE', text: expect.stringContaining('no program nginx') },
    });
    expect(await records(world, name)).toBe('- -, - -');
    expect(await containers(world, name)).toEqual(before);
    expect(await world.traces(name)).toEqual([]);
  });

  it('a program that is missing in some pods: those fail before their drain, as many as may', async () => {
    const name = 'some';
    await deploy(world, name, 'v1', 4);
    kubectl(
      world,
      'patch',
      `deployment/${name}`,
      '-p',
      JSON.stringify({
        spec: {
          template: {
            spec: {
              volumes: [{ name: 'bin', emptyDir: {} }],
              containers: [{ name: 'app', volumeMounts: [{ name: 'bin', mountPath: '/opt' }] }],
            },
          },
        },
      }),
    );
    kubectl(world, 'rollout', 'status', `deployment/${name}`, '--timeout=120s');
    const [without = '', ...others] = [...(await world.pods(name)).keys()].toSorted();
    const script = `printf '#!/bin/sh\\necho v7 > ${file} && kill -HUP 1\\n' > /opt/reload && chmod +x /opt/reload`;
    for (const pod of others) kubectl(world, 'exec', pod, '--', 'sh', '-c', script);
    const spec = specOf(world, name, { version: 'config-7', command: ['/opt/reload'] });
    const strategy = {
      gray: { pods: 1, select: { names: others.slice(0, 1) } },
      batches: { count: 1 },
      maxUnavailable: 2,
      failureThreshold: 1,
    };
    await world.start({ ...spec, strategy });
    const status = await ended(world, name);
    expect(status).toMatchObject({ phase: 'succeeded', progress: { total: 4, done: 3, failed: 1 } });
    const failed = status.batches.flatMap((batch) => batch.pods).find(({ state }) => state === 'failed');
    expect(failed).toMatchObject({ name: without, reason: expect.stringContaining('no program /opt/reload') });
    expect(await versions(world, name)).toBe('v1 v7 v7 v7');
    expect(await records(world, name)).toBe('config-7 Done, config-7 Done, config-7 Done, config-7 Impossible');
    // Not one call of the release has taken it out of traffic.
    expect((await world.pods(name)).get(without)?.ready).toBe(true);
  });
});

describe('HotReload, and its worker dies', () => {
  it.each([
    ['after what is begun is noted', 1, 'after'],
    ['after the command, before that is noted', 2, 'before'],
  ] as const)('%s: it ends as if nothing had happened', async (_, nth, when) => {
    const world = await openWorld(inject('kubelet').stateDir);
    const directory = await mkdtemp(join(tmpdir(), 'sluice-mortal-'));
    try {
      const name = 'mortal';
      await deploy(world, name, 'v1', 2);
      const before = await containers(world, name);
      const points = join(directory, 'points');
      const point = 'patch › patch pods: reload noted';
      const mortal = await world.worker({ points, kills: { [name]: { point, when, nth } } });
      const spec = specOf(world, name, { version: 'config-7', command: say('v7') });
      await world.start({ ...spec, traffic: { ...spec.traffic, quiet: '500ms' } });
      await until(async () => {
        const passed = (await readFile(points, 'utf8')).split('\n').filter((line) => line.includes(point));
        return passed.some((line) => line.includes(`"when":"${when}","nth":${nth}`));
      });
      await mortal.kill();
      await world.worker();
      expect(await ended(world, name)).toMatchObject({ phase: 'succeeded', progress: { done: 2, failed: 0 } });
      expect(await versions(world, name)).toBe('v7 v7');
      expect(await records(world, name)).toBe('config-7 Done, config-7 Done');
      expect(await containers(world, name)).toEqual(before);
      expect(await world.traces(name)).toEqual([]);
    } finally {
      await world.close();
      await rm(directory, { recursive: true, force: true });
    }
  });
});

describe.each(kindsHere(['statefulset', 'daemonset', 'replicaset', 'cloneset']))('HotReload of a %s', (kind) => {
  it('reloads and rolls back, and its revisions are as they were', async () => {
    const world = await openWorld(inject('kubelet').stateDir, {}, kind);
    try {
      await world.worker();
      const name = 'shop';
      await deploy(world, name, 'v1', 2);
      const before = await containers(world, name);
      const revisions = async () =>
        (await world.sluice.history(world.target(name))).entries.flatMap((e) => e.native ?? []);
      const kept = await revisions();
      await world.start(specOf(world, name, { version: 'config-7', command: say('v7'), undo: { command: forget } }));
      expect(await ended(world, name)).toMatchObject({ phase: 'succeeded' });
      const count = before.length;
      expect(await versions(world, name)).toBe(Array.from({ length: count }, () => 'v7').join(' '));

      const gates = { afterGray: { approval: {} } };
      await world.start(
        specOf(world, name, { version: 'config-8', command: say('v8'), undo: { command: say('v7') } }, { gates }),
      );
      await world.until(name, (status) => status.waiting?.for === 'approval');
      await world.sluice.send(world.target(name), 'rollback', { by: 'carol' });
      expect(await ended(world, name)).toMatchObject({ phase: 'rolledBack', notUndone: [] });
      expect(await versions(world, name)).toBe(Array.from({ length: count }, () => 'v7').join(' '));
      expect(await containers(world, name)).toEqual(before);
      expect(await revisions()).toEqual(kept);
      expect(await world.traces(name)).toEqual([]);
    } finally {
      await world.close();
    }
  });
});
