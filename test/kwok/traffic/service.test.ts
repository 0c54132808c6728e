import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployments, pods, services } from '../../../activities/kubernetes/resources.ts';
import { marks, releaseId } from '../../../workflows/contract/names.ts';
import { type App, createWorld, deploy, eventually, type World } from '../activities/fixtures.ts';
import {
  dying,
  fewestReady,
  interrupted,
  leftovers,
  readyIn,
  refs,
  releaseOf,
  serve,
  service,
  stalled,
  workerOn,
} from './support.ts';

let world: World;

beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

let count = 0;
/** A Deployment and a Service of its own, in the one namespace of this file. */
async function shop(
  replicas = 3,
): Promise<{ readonly app: App; readonly name: string; readonly through: readonly { service: string }[] }> {
  count += 1;
  const name = `shop-${count}`;
  const app = await deploy(world, { name, replicas });
  await serve(world, app, name);
  return { app, name, through: [{ service: name }] };
}

describe('a Kubernetes Service without readiness gates', () => {
  it('opens, drains, restores and closes without ever losing an endpoint that it did not mean to', async () => {
    const { app, name, through } = await shop();
    const [first, ...others] = await refs(app);
    const watch = await fewestReady(world, name);
    const release = await releaseOf(world, app, through);
    await release.open();
    expect((await service(world, name)).spec.selector).toEqual({ app: name, [marks.serving]: 'true' });
    expect(await watch.stop()).toBe(3);

    await release.prepare([first!]);
    expect(await release.out([first!])).toMatchObject({ done: [first!.name], failed: [], later: [] });
    expect(await readyIn(world, name)).toEqual(new Set(others.map(({ uid }) => uid)));
    expect(await release.stage('restore', [first!])).toMatchObject({ done: [first!.name] });
    expect((await readyIn(world, name)).has(first!.uid)).toBe(true);

    const closing = await fewestReady(world, name);
    await release.close();
    expect(await closing.stop()).toBe(3);
    expect(await leftovers(world)).toEqual([]);
    expect(await refs(app)).toEqual([first, ...others]);
  });

  it('gives every pod back when it is closed while some are drained', async () => {
    const { app, name, through } = await shop();
    const [first] = await refs(app);
    const release = await releaseOf(world, app, through);
    await release.open();
    await release.out([first!]);
    expect((await readyIn(world, name)).size).toBe(2);
    await release.close();
    await eventually(async () => (await readyIn(world, name)).size === 3);
    expect(await leftovers(world)).toEqual([]);
  });

  it('gives the label to pods that are born in mid-release', async () => {
    const { app, name, through } = await shop();
    const release = await releaseOf(world, app, through);
    await release.open();
    const [first] = await refs(app);
    await world.kube.remove(pods, { namespace: world.namespace, name: first!.name });
    const born = await eventually(async () =>
      (await app.pods()).find(
        ({ metadata }) =>
          metadata.labels?.[marks.serving] === 'true' &&
          metadata.uid !== first!.uid &&
          Date.parse(metadata.creationTimestamp ?? '') >= Date.now() - 60_000,
      ),
    );
    await eventually(async () => (await readyIn(world, name)).size === 3);
    expect(born.metadata.labels?.[marks.serving]).toBe('true');
    await release.close();
    expect(await leftovers(world)).toEqual([]);
  });

  it('takes a pod out of several Services at once and cleans up each', async () => {
    const { app, name, through } = await shop();
    await serve(world, app, `${name}-headless`, { clusterIP: 'None' });
    const release = await releaseOf(world, app, [...through, { service: `${name}-headless` }]);
    const [first] = await refs(app);
    await release.open();
    await release.prepare([first!]);
    expect(await release.out([first!])).toMatchObject({ done: [first!.name] });
    for (const each of [name, `${name}-headless`]) expect((await readyIn(world, each)).has(first!.uid)).toBe(false);
    expect(await release.stage('restore', [first!])).toMatchObject({ done: [first!.name] });
    for (const each of [name, `${name}-headless`]) expect((await readyIn(world, each)).has(first!.uid)).toBe(true);
    const closing = await Promise.all([name, `${name}-headless`].map((each) => fewestReady(world, each)));
    await release.close();
    expect(await Promise.all(closing.map((watch) => watch.stop()))).toEqual([3, 3]);
    expect(await leftovers(world)).toEqual([]);
  });
});

describe('a worker that dies between any two writes', () => {
  it.each(['before', 'after'] as const)(
    'of open and close, just %s one: the next run ends as if it had not',
    async (when) => {
      const { app, name, through } = await shop(2);
      const { held, open, close } = await releaseOf(world, app, through);
      const watch = await fewestReady(world, name);
      /** Dies at each write in turn; `after` runs the step again and looks. Answers how often it died. */
      const deaths = async (step: 'openTraffic' | 'closeTraffic', after: () => Promise<void>): Promise<number> => {
        for (let at = 1; ; at += 1) {
          const kube = dying(world.kube, at, when);
          const ended = workerOn(kube)[step]({ ...held, through });
          await ended.catch(() => undefined);
          if (!kube.died()) return at - 1;
          await expect(ended).rejects.toThrow('the worker died');
          await after();
        }
      };

      // Two pods, the ReplicaSet, the Service.
      expect(
        await deaths('openTraffic', async () => {
          await open();
          expect((await service(world, name)).spec.selector).toHaveProperty([marks.serving], 'true');
          expect((await app.pods()).map(({ metadata }) => metadata.labels?.[marks.serving])).toEqual(['true', 'true']);
          await close();
          expect(await leftovers(world)).toEqual([]);
        }),
      ).toBe(4);
      // The Service, the ReplicaSet, two pods, the Service.
      await open();
      expect(
        await deaths('closeTraffic', async () => {
          await close();
          expect(await leftovers(world)).toEqual([]);
          await open();
        }),
      ).toBe(5);
      expect(await leftovers(world)).toEqual([]);
      expect(await watch.stop()).toBe(2);
    },
  );
});

describe('controllers that fall behind', () => {
  const waits = 500;

  it('are waited for before the selector asks for the label', async () => {
    const { app, name, through } = await shop(2);
    const release = await releaseOf(world, app, through);
    const kube = stalled(world.kube);
    const opening = workerOn(kube).openTraffic({ ...release.held, through });
    await eventually(async () =>
      (await app.pods()).every(({ metadata }) => metadata.labels?.[marks.serving] === 'true'),
    );
    // Nothing must happen now, for as long as one likes.
    await sleep(waits);
    expect((await service(world, name)).spec.selector).toEqual({ app: name });
    kube.goOn();
    await opening;
    expect((await service(world, name)).spec.selector).toEqual({ app: name, [marks.serving]: 'true' });
    await release.close();
  });

  it('are waited for where a Service is opened again and they still count the labels of before', async () => {
    const { app, name, through } = await shop(2);
    const release = await releaseOf(world, app, through);
    await release.open();
    await release.close();
    const kube = stalled(world.kube, 'all pods');
    const opening = workerOn(kube).openTraffic({ ...release.held, through });
    await eventually(async () =>
      (await app.sets()).every(({ spec }) => spec.template?.metadata?.labels?.[marks.serving] === 'true'),
    );
    await sleep(waits);
    expect((await app.pods()).map(({ metadata }) => metadata.labels?.[marks.serving])).toEqual([undefined, undefined]);
    expect((await service(world, name)).spec.selector).toEqual({ app: name });
    kube.goOn();
    await opening;
    expect((await service(world, name)).spec.selector).toEqual({ app: name, [marks.serving]: 'true' });
    await release.close();
  });

  it('are waited for before a pod loses the label that the selector asked for', async () => {
    const { app, name, through } = await shop(2);
    const release = await releaseOf(world, app, through);
    await release.open();
    const kube = stalled(world.kube);
    const closing = workerOn(kube).closeTraffic({ ...release.held, through });
    await eventually(async () => (await service(world, name)).spec.selector?.[marks.serving] === undefined);
    await sleep(waits);
    expect((await app.pods()).map(({ metadata }) => metadata.labels?.[marks.serving])).toEqual(['true', 'true']);
    kube.goOn();
    await closing;
    expect(await leftovers(world)).toEqual([]);
  });
});

describe('the last endpoint', () => {
  it('of several pods waits for another one to be back', async () => {
    const { app, name, through } = await shop(2);
    const [first, second] = await both(app);
    const release = await releaseOf(world, app, through);
    await release.open();
    await release.prepare([first, second]);
    const watch = await fewestReady(world, name);
    const answer = await release.out([first, second]);
    expect(answer).toMatchObject({ done: [first.name], later: [second.name], failed: [] });
    expect(await release.out([second])).toMatchObject({ done: [], later: [second.name] });
    await release.stage('restore', [first]);
    expect(await release.out([second])).toMatchObject({ done: [second.name], later: [] });
    expect(await watch.stop()).toBe(1);
    await release.close();
  });

  it('goes when its time is over only if the spec or a rollback says so, and people are told', async () => {
    const { app, through } = await shop(2);
    const [first, second] = await both(app);
    const release = await releaseOf(world, app, through);
    await release.open();
    await release.prepare([first, second]);
    await release.out([first]);
    const overdue = { since: new Date(Date.now() - 61_000).toISOString() };
    const stopped = await release.out([second], overdue);
    expect(stopped.failed).toMatchObject([{ pod: second.name, code: 'DRAIN_TIMEOUT' }]);
    expect(stopped.failed[0]?.reason).toContain('the others are not ready');
    const undone = await release.out([second], { ...overdue, undo: true });
    expect(undone).toMatchObject({ done: [second.name], notes: [{ pod: second.name }] });
    await release.stage('restore', [second]);
    const goesOn = await release.out([second], { ...overdue, traffic: { onDrainTimeout: 'Continue' } });
    expect(goesOn).toMatchObject({ done: [second.name], notes: [{ pod: second.name }] });
    await release.close();
  });

  it('of a workload of one pod goes at once, and people are told', async () => {
    const { app, name, through } = await shop(1);
    const [only] = await refs(app);
    const release = await releaseOf(world, app, through);
    await release.open();
    const answer = await release.out(await refs(app));
    expect(answer).toMatchObject({ done: [only?.name], failed: [], later: [] });
    expect(answer.notes?.[0]?.text).toContain(`the only pod of Service ${name}`);
    expect(await release.stage('restore', await refs(app))).toMatchObject({ done: [only?.name] });
    await release.close();
  });
});

describe('somebody else', () => {
  it('takes our key out of the selector: the pod is refused and left in traffic, a rollback goes on', async () => {
    const { app, name, through } = await shop();
    const [first] = await both(app);
    const release = await releaseOf(world, app, through);
    await release.open();
    await revert(name);
    const refused = await release.out([first]);
    expect(refused.failed).toMatchObject([{ pod: first.name, code: 'SERVICE_UNUSABLE' }]);
    expect(refused.failed[0]?.reason).toContain(marks.serving);
    expect((await app.pods()).every(({ metadata }) => metadata.labels?.[marks.serving] === 'true')).toBe(true);
    expect(await release.out([first], { undo: true })).toMatchObject({
      done: [first.name],
      notes: [{ pod: first.name }],
    });
    await release.close();
    expect(await leftovers(world)).toEqual([]);
  });

  it('takes it out while a pod is on its way out: it is noticed, and the pod is put back', async () => {
    const { app, name, through } = await shop();
    const [first] = await both(app);
    const release = await releaseOf(world, app, through);
    await release.open();
    // Between the look at the selector and the label: as late as it can happen.
    const kube = interrupted(
      world.kube,
      (resource) => resource === 'pods',
      () => revert(name),
    );
    const racing = await releaseOf({ kube }, app, through);
    const refused = await racing.out([first]);
    expect(refused.failed).toMatchObject([{ pod: first.name, code: 'SERVICE_UNUSABLE' }]);
    const pod = (await app.pods()).find(({ metadata }) => metadata.uid === first.uid);
    expect(pod?.metadata.labels?.[marks.serving]).toBe('true');
    expect(pod?.metadata.annotations ?? {}).not.toHaveProperty([marks.drained]);
    await release.close();
    expect(await leftovers(world)).toEqual([]);
  });

  it('keeps a pod out with our label: it stays out', async () => {
    const { app, name, through } = await shop();
    const [first] = await both(app);
    const release = await releaseOf(world, app, through);
    await release.open();
    const at = { namespace: world.namespace, name: first.name };
    await world.kube.patch(pods, at, { metadata: { labels: { [marks.serving]: 'false' } } }, { as: 'merge' });
    await eventually(async () => !(await readyIn(world, name)).has(first.uid));
    await release.prepare([first]);
    expect(await release.out([first])).toMatchObject({ done: [first.name] });
    expect(await release.stage('restore', [first])).toMatchObject({ done: [first.name] });
    expect((await readyIn(world, name)).has(first.uid)).toBe(false);
    await release.close();
    await eventually(async () => (await readyIn(world, name)).has(first.uid));
  });

  it('asks for a snapshot after our own drain: the pod stood in traffic before it', async () => {
    const { app, name, through } = await shop();
    const [first] = await both(app);
    const release = await releaseOf(world, app, through);
    await release.open();
    await release.out([first]);
    await release.prepare([first]);
    expect(await release.stage('restore', [first])).toMatchObject({ done: [first.name] });
    expect((await readyIn(world, name)).has(first.uid)).toBe(true);
    await release.close();
  });

  it('terminates a release with a pod out of traffic: the next one takes it over, puts the pod back, and cleans up', async () => {
    const { app, name, through } = await shop();
    const id = releaseId(app.target);
    const [first] = await both(app);
    const dead = await releaseOf(world, app, through, `${id}|run-1`);
    await dead.open();
    await dead.prepare([first]);
    await dead.out([first]);
    expect((await readyIn(world, name)).has(first.uid)).toBe(false);

    const next = await releaseOf(world, app, through, `${id}|run-2`);
    expect((await app.deployment()).metadata.annotations?.[marks.release]).toBe(`${id}|run-2`);
    await next.open();
    await eventually(async () => (await readyIn(world, name)).has(first.uid));
    await next.close();
    expect(await leftovers(world)).toEqual([]);
    await expect(releaseOf(world, app, through, 'release/local/other/deployment/x|run')).rejects.toMatchObject({
      type: 'WORKLOAD_BUSY',
    });
  });

  it('deletes the workload: close still takes all of ours out of the Service, also from a new worker', async () => {
    const { app, name, through } = await shop();
    const release = await releaseOf(world, app, through);
    await release.open();
    await world.kube.remove(deployments, app.target);
    await eventually(async () => (await app.pods()).length === 0);
    await workerOn(world.kube).closeTraffic({ ...release.held, through });
    expect((await service(world, name)).spec.selector).toEqual({ app: name });
    expect((await service(world, name)).metadata.labels?.[marks.serving]).toBeUndefined();
  });

  it('deletes the Service: pods go their way and close cleans up', async () => {
    const { app, name, through } = await shop();
    const [first] = await both(app);
    const release = await releaseOf(world, app, through);
    await release.open();
    await release.prepare([first]);
    await world.kube.remove(services, { namespace: world.namespace, name });
    expect(await release.out([first])).toMatchObject({ done: [first.name] });
    expect(await release.stage('restore', [first])).toMatchObject({ done: [first.name] });
    await release.close();
    expect(await leftovers(world)).toEqual([]);
  });
});

describe('a Service that cannot drain these pods', () => {
  const inspect = async (app: App, name: string): Promise<unknown> => {
    const { open } = await releaseOf(world, app, [{ service: name }]);
    return open().then(
      () => 'opened',
      (error: unknown) => error,
    );
  };

  it('is refused with the reason, before anything is written', async () => {
    const app = await deploy(world, { name: 'lonely', replicas: 1 });
    const make = (name: string, spec: object) =>
      world.kube.create(
        services,
        { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } },
        { namespace: world.namespace },
      );
    await make('alias', { type: 'ExternalName', externalName: 'example.org' });
    await make('bare', {});
    await make('others', { selector: { app: 'nobody' } });
    expect(await inspect(app, 'alias')).toMatchObject({
      type: 'SERVICE_UNUSABLE',
      message: expect.stringContaining('ExternalName'),
    });
    expect(await inspect(app, 'bare')).toMatchObject({
      type: 'SERVICE_UNUSABLE',
      message: expect.stringContaining('no selector'),
    });
    expect(await inspect(app, 'others')).toMatchObject({
      type: 'SERVICE_UNUSABLE',
      message: expect.stringContaining('matches no pod of deployment/lonely'),
    });
    expect(await inspect(app, 'missing')).toMatchObject({
      type: 'SERVICE_NOT_FOUND',
      message: expect.stringContaining('alias, bare'),
    });
    expect(await leftovers(world)).toEqual([]);
  });

  it('because it is shared with another workload names that one', async () => {
    const [one, other] = await Promise.all(['one', 'other'].map((name) => inTeam(name)));
    await world.kube.create(
      services,
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'team' },
        spec: { selector: { team: 'shop' }, ports: [{ port: 80 }] },
      },
      { namespace: world.namespace },
    );
    const [set] = await other!.sets();
    const refused = await inspect(one!, 'team');
    expect(refused).toMatchObject({
      type: 'SERVICE_UNUSABLE',
      message: expect.stringContaining(`ReplicaSet ${set?.metadata.name}`),
    });
    expect(await leftovers(world)).toEqual([]);
  });
});

async function both(app: App) {
  const [first, second] = await refs(app);
  if (first === undefined || second === undefined) throw new Error('needs two pods');
  return [first, second] as const;
}

function inTeam(name: string): Promise<App> {
  const containers = [{ name: 'app', image: 'registry.test/shop:v1' }];
  const template = { metadata: { labels: { app: name, team: 'shop' } }, spec: { containers } };
  return deploy(world, {
    name,
    replicas: 1,
    spec: { replicas: 1, selector: { matchLabels: { app: name } }, template },
  });
}

async function revert(name: string): Promise<void> {
  const body = { spec: { selector: { [marks.serving]: null } } };
  await world.kube.patch(services, { namespace: world.namespace, name }, body, { as: 'merge' });
}
