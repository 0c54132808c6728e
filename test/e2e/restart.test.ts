import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pods } from '../../activities/kubernetes/resources.ts';
import { resolveBinaries } from '../../local/binaries/resolve.ts';
import { readNode } from '../../local/containerd/node.ts';
import { run as command } from '../../local/containerd/run.ts';
import { pathsOf } from '../../local/paths.ts';
import { type SampleTag, sampleImage } from '../../local/sample.ts';
import { startLoad } from '../support/load.ts';
import { openWorld, type PodFacts, until, type World } from '../support/world.ts';

const image = (world: World, tag: SampleTag): string => sampleImage(tag, world.env['SLUICE_REGISTRY']);
const through = (name: string) => ({ through: [{ service: name }], quiet: '250ms', maxDrain: '20s' });
const kubectl = (world: World, ...args: string[]): string =>
  execFileSync(inject('kubelet').kubectl, ['-n', world.namespace, ...args], {
    env: { ...process.env, ...world.env },
    encoding: 'utf8',
  });
const cli = fileURLToPath(new URL('../../dist/client/cli/main.js', import.meta.url));
/** A process of its own that does not hold up the load. */
const sluice = (world: World, ...args: string[]) =>
  promisify(execFile)(process.execPath, [cli, ...args, '-n', world.namespace, '--cluster', world.cluster], {
    env: { ...process.env, ...world.env },
  });
const ended = (world: World, name: string) => world.until(name, (status) => status.endedAt !== undefined);
/** The next release of a workload: the one before has ended too. */
const endedAfter = (world: World, name: string, run: string) =>
  world.until(name, (status) => status.run === run && status.endedAt !== undefined);

/** imageID by pod. */
async function running(world: World, name: string): Promise<Readonly<Record<string, string>>> {
  const { items } = await world.kube.list(pods, { namespace: world.namespace, labelSelector: `app=${name}` });
  return Object.fromEntries(
    items.map(({ metadata, status }) => [metadata.name, status?.containerStatuses?.[0]?.imageID ?? '']),
  );
}

const identity = ({ uid, ip, node, ready }: PodFacts) => ({ uid, ip, node, ready });

/** The same pods at the same addresses, ready, each restarted so many times more. */
function expectSamePods(before: ReadonlyMap<string, PodFacts>, after: ReadonlyMap<string, PodFacts>, more: number) {
  const of = (facts: ReadonlyMap<string, PodFacts>, plus: number) =>
    Object.fromEntries([...facts].map(([name, pod]) => [name, { ...identity(pod), restarts: pod.restarts + plus }]));
  expect(of(after, 0)).toEqual(of(before, more));
}

describe('in place on a real kubelet, under load', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir);
    await world.worker();
  });
  afterAll(() => world?.close());

  it('a restart: the same pods run the same image anew, 0 failed requests; then a release, and an undo', async () => {
    const name = 'again';
    await world.deploy({ name, image: image(world, 'v1'), runtime: 'containerd', replicas: 6 });
    const before = await world.pods(name);
    const ran = await running(world, name);
    const load = await startLoad({
      kube: world.kube,
      namespace: world.namespace,
      service: name,
      rate: 100,
      keepAlive: true,
    });
    await world.start(world.spec(name, '', { change: { restart: true }, traffic: through(name) }));
    const restarted = await ended(world, name);
    const result = await load.stop();

    expect(restarted).toMatchObject({
      phase: 'succeeded',
      restart: true,
      text: 'Every pod of v1 was restarted.',
      progress: { total: 6, done: 6, failed: 0 },
    });
    expect(result.failed).toEqual([]);
    expect(Object.keys(result.versions)).toEqual(['v1']);
    expectSamePods(before, await world.pods(name), 1);
    expect(await running(world, name)).toEqual(ran);
    expect(await world.traces(name)).toEqual([]);
    expect(kubectl(world, 'rollout', 'status', `deployment/${name}`, '--timeout=20s')).toContain('successfully');
    expect(kubectl(world, 'rollout', 'history', `deployment/${name}`)).toMatch(/^1 [\s\S]*^2 .*restart of v1/m);

    // In the manner of that restart, and with a spelling that neither the template nor a pod has.
    const second = await world.sluice.restart(world.target(name), { initiator: 'test', reason: 'once more' });
    expect(await endedAfter(world, name, second.run)).toMatchObject({ phase: 'succeeded', version: 'v1' });
    expectSamePods(before, await world.pods(name), 2);
    expect(await running(world, name)).toEqual(ran);

    await world.start(world.spec(name, image(world, 'v2'), { traffic: through(name) }));
    const released = await world.until(name, ({ run, endedAt }) => run !== second.run && endedAt !== undefined);
    expect(released).toMatchObject({ phase: 'succeeded', fromVersion: 'v1', version: 'v2' });
    expectSamePods(before, await world.pods(name), 3);
    kubectl(world, 'rollout', 'undo', `deployment/${name}`);
    expect(kubectl(world, 'rollout', 'status', `deployment/${name}`, '--timeout=60s')).toContain('successfully');
    await until(async () => {
      const ids = new Set(Object.values(await running(world, name)));
      return ids.size === 1 && ids.has(Object.values(ran)[0] ?? '');
    });
  });

  it('an image that was loaded on the node, not pulled: restarted where the registry has the very same, else refused', async () => {
    const { registry, stateDir } = inject('kubelet');
    const name = 'loaded';
    const tag = `v1-${randomBytes(4).toString('hex')}`;
    const loaded = sampleImage('v1', registry).replace('v1', tag);
    const { crane } = await resolveBinaries(['crane']);
    await command(crane, ['mutate', sampleImage('v1', registry), `--env=FRESH=${tag}`, `--tag=${loaded}`]);
    const socket = readNode(pathsOf(stateDir))?.containerdSocket ?? '';
    await command('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', 'pull', '--plain-http', loaded]);
    await world.deploy({ name, image: loaded, runtime: 'containerd', replicas: 2 });
    const before = await world.pods(name);
    for (const id of Object.values(await running(world, name))) expect(id).toMatch(/^sha256:/);

    const spec = world.spec(name, '', { change: { restart: true }, traffic: through(name) });
    await world.start(spec);
    expect(await ended(world, name)).toMatchObject({ phase: 'succeeded', version: tag });
    expectSamePods(before, await world.pods(name), 1);
    const pinned = new Set([...(await world.pods(name)).values()].map(({ image: is }) => is));
    const digest = (await command(crane, ['digest', loaded])).trim();
    expect(pinned).toEqual(new Set([`${loaded}@${digest}`]));

    // The same on a tag that the registry has moved: nobody can tell what the node runs.
    const other = 'moved';
    const moved = loaded.replace(tag, `${tag}-moved`);
    await command(crane, ['mutate', sampleImage('v1', registry), `--env=FRESH=${tag}-moved`, `--tag=${moved}`]);
    await command('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', 'pull', '--plain-http', moved]);
    await world.deploy({ name: other, image: moved, runtime: 'containerd', replicas: 1 });
    await command(crane, ['copy', sampleImage('v2', registry), moved]);
    const untouched = await world.pods(other);
    await world.start(world.spec(other, '', { change: { restart: true } }));
    expect(await ended(world, other)).toMatchObject({ phase: 'failed', failure: { code: 'RESTART_UNSAFE' } });
    expect(await world.pods(other)).toEqual(untouched);
  });

  it('`sluice undo` with a revisionHistoryLimit of 1: the pods go back in place, 0 failed requests, native history right', async () => {
    const name = 'back';
    const cause = 'kubernetes.io/change-cause';
    await world.deploy({ name, image: image(world, 'v1'), runtime: 'containerd', replicas: 6 });
    kubectl(world, 'patch', `deployment/${name}`, '-p', '{"spec":{"revisionHistoryLimit":1}}');
    const before = await world.pods(name);
    const ran = await running(world, name);
    await world.start(world.spec(name, image(world, 'v2'), { traffic: through(name) }));
    expect(await ended(world, name)).toMatchObject({ phase: 'succeeded' });
    const { run } = await world.sluice.status(world.target(name));
    const load = await startLoad({
      kube: world.kube,
      namespace: world.namespace,
      service: name,
      rate: 100,
      keepAlive: false,
    });
    await sluice(world, 'undo', `deployment/${name}`, '--wait');
    const result = await load.stop();

    const undone = await world.sluice.status(world.target(name));
    expect(undone.run).not.toBe(run);
    expect(undone).toMatchObject({ phase: 'succeeded', fromVersion: 'v2', version: 'v1' });
    expect(result.failed).toEqual([]);
    expect(result.versions['v1']).toBeGreaterThan(0);
    expect(result.versions['v2']).toBeGreaterThan(0);
    expectSamePods(before, await world.pods(name), 2);
    expect(await running(world, name)).toEqual(ran);
    expect(await world.traces(name)).toEqual([]);
    // As after a native undo: the version that came back has a new number, and is not listed twice.
    const { items } = JSON.parse(kubectl(world, 'get', 'rs', '-l', `app=${name}`, '-o', 'json')) as {
      items: { metadata: { annotations: Record<string, string> } }[];
    };
    const revisions = items.map(({ metadata: { annotations } }) => [
      annotations['deployment.kubernetes.io/revision'],
      annotations[cause]?.replace(/ by .*/, ''),
    ]);
    expect(revisions.toSorted(([a], [b]) => Number(a) - Number(b))).toEqual([
      ['2', `sluice: ${name} v1 → v2`],
      ['3', `sluice: ${name} v2 → v1`],
    ]);
    expect(kubectl(world, 'rollout', 'status', `deployment/${name}`, '--timeout=20s')).toContain('successfully');
    kubectl(world, 'rollout', 'undo', `deployment/${name}`);
    expect(kubectl(world, 'rollout', 'status', `deployment/${name}`, '--timeout=60s')).toContain('successfully');
    await until(async () => [...(await world.pods(name)).values()].every((pod) => pod.image.includes(':v2')));
  });
});
