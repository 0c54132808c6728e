import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { entriesOn } from '../../activities/reload/record.ts';
import { sluice } from '../client/cli/io.ts';
import { ended, image, kubectl, load, podsOf, specOf, versions } from '../support/reloads.ts';
import { openWorld, until, type World } from '../support/world.ts';

const putCommand = 'echo "$0" > /shared/next && mv /shared/next /shared/version';
const fetch = (version: string) => ['sh', '-c', putCommand, version];
/** The sidecar: it has what its image has until it is asked for something else. */
const sidecar = ['sh', '-c', 'echo v1 > /shared/next && mv /shared/next /shared/version && exec /sample'];
/** The program beside it, which looks for itself whether the file has changed. */
const program = [
  'sh',
  '-c',
  [
    '/sample & app=$!',
    'trap "kill -TERM $app; wait $app; exit 0" TERM',
    'sleep 1; last=',
    'while kill -0 $app; do now=$(cat /shared/version)',
    'if [ "$now" != "$last" ]; then last=$now; kill -HUP $app; fi',
    'sleep 0.2 & wait $!; done',
  ].join('\n'),
];

describe('HotReload by a sidecar that fetches into a shared volume, on a real kubelet', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir);
    await world.worker();
  });
  afterAll(() => world?.close());

  it('success, rollback to what was on record, and a sidecar that fell back is found and done again, under load', async () => {
    const name = 'fetched';
    await world.deploy({ name, image: image(world), runtime: 'containerd', replicas: 3 });
    const volumeMounts = [{ name: 'shared', mountPath: '/shared' }];
    const containers = [
      { name: 'app', command: program, env: [{ name: 'VERSION_FILE', value: '/shared/version' }], volumeMounts },
      { name: 'fetcher', image: image(world), command: sidecar, env: [{ name: 'PORT', value: '9090' }], volumeMounts },
    ];
    const spec = { template: { spec: { containers, volumes: [{ name: 'shared', emptyDir: {} }] } } };
    kubectl(world, 'patch', `deployment/${name}`, '-p', JSON.stringify({ spec }));
    kubectl(world, 'rollout', 'status', `deployment/${name}`, '--timeout=90s');
    const say = async (version: string) => {
      await until(async () => (await versions(world, name)) === `${version} ${version} ${version}`);
    };
    await say('v1');
    const template = kubectl(world, 'get', `deployment/${name}`, '-o', 'jsonpath={.spec.template}');
    const started = async () =>
      (await podsOf(world, name)).flatMap(({ status }) =>
        status?.containerStatuses?.map(({ containerID }) => containerID),
      );
    const before = await started();

    const reload = (version: string) => ({ version, containers: ['fetcher'], command: fetch('{version}') });
    const gates = { afterGray: { bake: '0s', approval: {} } };
    const callers = await load(world, name);
    const rolledBackAtGate = async (version: string, more: object = {}) => {
      const known = await world.sluice.status(world.target(name)).catch(() => undefined);
      await world.start(specOf(world, name, { ...reload(version), ...more }, { gates }));
      await world.until(name, ({ run, waiting }) => run !== known?.run && waiting?.for === 'approval');
      await until(async () => (await versions(world, name)).includes(version));
      await world.sluice.send(world.target(name), 'rollback', { by: 'carol' });
      expect(await ended(world, name)).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    };
    // Nothing is on record yet: what a rollback asks for is written out.
    await rolledBackAtGate('v7', { undo: { command: fetch('v1') } });
    await say('v1');
    const { run } = await world.sluice.status(world.target(name));
    await world.start(specOf(world, name, { ...reload('v7'), undo: { command: fetch('v1') } }));
    const done = await world.until(name, (status) => status.run !== run && status.endedAt !== undefined);
    expect(done).toMatchObject({ phase: 'succeeded', version: 'v7' });
    await say('v7');
    await rolledBackAtGate('v8');
    await say('v7');
    expect((await podsOf(world, name)).map((pod) => entriesOn(pod)['fetcher']?.version)).toEqual(['v7', 'v7', 'v7']);
    expect(await started()).toEqual(before);

    const on = [`deployment/${name}`, '-n', world.namespace];
    const verify = (...flags: string[]) =>
      sluice(['verify', ...on, ...flags], { env: { ...world.env, SLUICE_CLUSTER: world.cluster, USER: 'anna' } });
    expect(await verify()).toMatchObject({ exit: 0 });
    const fallen = (await podsOf(world, name))[0]?.metadata.name ?? '';
    kubectl(world, 'exec', fallen, '-c', 'fetcher', '--', 'kill', '-TERM', '1');
    await until(async () => (await versions(world, name)) === 'v1 v7 v7');
    // Kubelet tells of the new container a moment after it runs.
    await until(async () => (await started()).some((id) => !before.includes(id)));
    const found = await verify('-o', 'json');
    const { behind } = JSON.parse(found.stdout) as { behind: { name: string }[] };
    expect([found.exit, behind.map((pod) => pod.name)]).toEqual([4, [fallen]]);
    expect(await verify('--repair', '--no-gates', '--wait')).toMatchObject({ exit: 0 });
    await say('v7');
    expect(await verify()).toMatchObject({ exit: 0 });
    expect((await callers.stop()).failed).toEqual([]);
    expect(kubectl(world, 'get', `deployment/${name}`, '-o', 'jsonpath={.spec.template}')).toBe(template);
    expect(await world.traces(name)).toEqual([]);
  });
});
