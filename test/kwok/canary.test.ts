import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { deployments, endpointSlices, replicaSets, services } from '../../activities/kubernetes/resources.ts';
import { endpointsOf } from '../../activities/traffic/endpointView.ts';
import { sampleImage } from '../../local/sample.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { hasComeTo } from '../durability/points.ts';
import { type Front, fronts, httpRouteFront, ruleFronts } from '../support/fronts.ts';
import { watchful } from '../support/watchful.ts';
import { openWorld, until, type WorkerProcess, type World } from '../support/world.ts';
import { releasesIn, versionOf } from './support/releases.ts';

let world: World;
let worker: WorkerProcess;
beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir);
  worker = await world.worker();
  await Promise.all(fronts.map((front) => front.install(world.kube)));
});
afterAll(() => world?.close());

const { deploy, ended, clean, versions, uids } = releasesIn(() => world);
const send = (name: string, message: 'approve' | 'rollback' | 'takeOver' | 'adopt', gate?: string) =>
  world.sluice.send(world.target(name), message, { by: 'bob', ...(gate && { gate }) });
const atGate = (name: string, gate: string) => world.until(name, ({ waiting }) => waiting?.gate === gate);
const held = (name: string) => world.until(name, ({ waiting }) => waiting?.for === 'hold');

type Canary = NonNullable<NonNullable<ReleaseSpecInput['strategy']>['canary']>;
/** v2 of `name`, with an approval after each step. */
const stepwise = (name: string, canary: Canary, change: Partial<ReleaseSpecInput> = {}): ReleaseSpecInput => ({
  ...world.spec(name, sampleImage('v2'), { traffic: { quiet: '0s' } }),
  strategy: { mode: 'Canary', readyTimeout: '60s', canary },
  gates: { afterGray: { approval: {} }, afterBatch: { approval: {} } },
  ...change,
});
const header = { name: 'x-canary', value: 'yes' };
const weights = ({ kind }: Front, name: string): Canary => ({
  route: { kind, name },
  steps: [{ match: { header } }, { weight: 25 }],
});
const at = (name: string) => ({ namespace: world.namespace, name });
const all = (version: string, count: number): string => Array.from({ length: count }, () => version).join(' ');

/** Versions of the pods that a Service sends callers to. */
async function called(service: string, name = service): Promise<string> {
  const labelSelector = `kubernetes.io/service-name=${service}`;
  const { items } = await world.kube.list(endpointSlices, { namespace: world.namespace, labelSelector });
  const { pods: inside } = endpointsOf(items);
  return [...(await world.pods(name)).values()]
    .filter(({ uid }) => inside.get(uid)?.ready === true)
    .map(({ image }) => versionOf(image))
    .toSorted()
    .join(' ');
}

/** Where numbers alone divide callers the endpoints follow the pods in their own time. */
const sent = (service: string, to: string) => expect.poll(() => called(service), { timeout: 60_000 }).toBe(to);

async function nothingLeft(name: string, count: number): Promise<void> {
  const { metadata, spec } = await world.kube.get(deployments, at(name));
  expect(spec.paused).toBeUndefined();
  const { items } = await world.kube.list(replicaSets, { namespace: world.namespace });
  const own = items.filter((set) => set.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid));
  expect(own.filter((set) => (set.spec.replicas ?? 0) > 0)).toHaveLength(1);
  expect((await world.kube.get(services, at(name))).spec.selector).toEqual({ app: name });
  expect(await world.kube.find(services, at(`${name}-canary`))).toBeUndefined();
  await clean(name, count);
}

describe('a canary by the numbers of pods alone', () => {
  it('the Service calls old and new pods, as many as there are; then the new ones alone, and native history has both', async () => {
    await deploy('ratio', 4);
    const before = await uids('ratio');
    await world.start(stepwise('ratio', { steps: [{ pods: 1 }, { pods: '50%' }] }));
    const first = await atGate('ratio', 'after-canary-1');
    expect(first.batches.map(({ state }) => state)).toEqual(['done', 'waiting', 'waiting', 'waiting']);
    await sent('ratio', 'v1 v1 v1 v1 v2');
    expect(await uids('ratio')).toHaveLength(5);
    await worker.kill();
    worker = await world.worker();
    await send('ratio', 'approve', 'after-canary-1');
    await atGate('ratio', 'after-canary-2');
    await sent('ratio', 'v1 v1 v1 v1 v2 v2');
    await send('ratio', 'approve', 'after-canary-2');
    await atGate('ratio', 'after-canary-3');
    await send('ratio', 'approve', 'after-canary-3');
    await atGate('ratio', 'after-switch');
    await sent('ratio', all('v2', 4));
    expect(await uids('ratio')).toHaveLength(8);
    await send('ratio', 'approve', 'after-switch');
    expect(await ended('ratio')).toMatchObject({ phase: 'succeeded' });
    expect((await uids('ratio')).filter((uid) => before.includes(uid))).toEqual([]);
    await nothingLeft('ratio', 4);
    const { entries } = await world.sluice.history(world.target('ratio'));
    expect(entries.map(({ native }) => [native?.revision, native?.current])).toEqual([
      [2, true],
      [1, false],
    ]);
  });

  it('its steps are changed and skipped in the middle of it; each pod comes once, and the plan is what is done', async () => {
    await deploy('change', 6);
    await world.start(stepwise('change', { steps: [1, 2, 3] }));
    await atGate('change', 'after-canary-1');
    const tell = (message: 'changePlan' | 'skipTo', more: object) =>
      world.sluice.send(world.target('change'), message, { by: 'bob', batch: '', ...more });
    await tell('changePlan', { strategy: { canary: { steps: [2, 4, 5] } } });
    await tell('skipTo', { batch: 'canary-4' });
    await sent('change', 'v1 v1 v1 v1 v1 v1 v2');
    await send('change', 'approve', 'after-canary-1');
    const skipped = await atGate('change', 'after-canary-4');
    expect(skipped.batches.map(({ name, pods }) => `${name} ${pods.length}`).join(', ')).toBe(
      'canary-1 1, canary-2 0, canary-3 0, canary-4 4, canary-5 1, old 6',
    );
    await sent('change', 'v1 v1 v1 v1 v1 v1 v2 v2 v2 v2 v2');
    await send('change', 'approve', 'after-canary-4');
    await send('change', 'approve', (await atGate('change', 'after-canary-5')).waiting?.gate);
    await send('change', 'approve', (await atGate('change', 'after-switch')).waiting?.gate);
    expect(await ended('change')).toMatchObject({ phase: 'succeeded', notUndone: [] });
    await nothingLeft('change', 6);
  });

  it('a step whose pods crash goes back: they are called no more, and the old ones were never touched', async () => {
    await deploy('crash', 3);
    const before = await uids('crash');
    const change = { change: { images: { app: sampleImage('v3-crash') } } };
    await world.start(stepwise('crash', { steps: [{ pods: 1 }] }, change));
    expect(await ended('crash')).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' }, notUndone: [] });
    expect(await uids('crash')).toEqual(before);
    await nothingLeft('crash', 3);
  });
});

describe('a newer version, or an operator, in the middle of a canary', () => {
  const front = httpRouteFront;
  const v3 = { change: { images: { app: sampleImage('v3') } } };

  it('a newer version takes its place, wherever the worker dies: nobody is sent to nobody, and the old pods stay', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-canary-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const name = 'newer';
    await deploy(name, 3);
    await front.create(world, name);
    const [before, old] = [await front.said(world, name), await uids(name)];
    await world.start(stepwise(name, weights(front, name)));
    await send(name, 'approve', (await atGate(name, 'after-canary-1')).waiting?.gate);
    const first = await atGate(name, 'after-canary-2');
    const supersede = async (change: Partial<ReleaseSpecInput>): Promise<string> => {
      const spec = validateSpec(stepwise(name, weights(front, name), change));
      const { begun } = await world.sluice.supersede(spec, { initiator: 'bob' });
      return (await begun(AbortSignal.timeout(180_000))).run;
    };
    await expect(supersede({})).rejects.toMatchObject({ message: expect.stringContaining('brings v2 already') });

    const sentToNobody = watchful(world, front, name);
    let said: Promise<string> | undefined;
    for (const point of ['unshift', 'removeGreen', 'release']) {
      const kill = { point, when: 'after', nth: 1 } as const;
      const points = join(folder, point);
      await worker.kill();
      worker = await world.worker({ points, kills: { [name]: kill } });
      said ??= supersede(v3);
      await Promise.race([said, until(() => hasComeTo(points, name, kill).catch(() => false))]);
    }
    await worker.kill();
    worker = await world.worker();
    const run = await said;
    const second = await world.until(name, (status) => status.run === run && status.waiting?.for === 'approval');
    expect(second).toMatchObject({ version: 'v3', fromVersion: 'v1', supersedes: { run: first.run, version: 'v2' } });
    expect(second.waiting?.gate).toBe('after-canary-1');
    expect(await sentToNobody()).toEqual([]);
    expect(await versions(name)).toBe('v1 v1 v1 v3');
    expect((await uids(name)).filter((uid) => old.includes(uid))).toHaveLength(3);
    await send(name, 'rollback');
    expect(await ended(name)).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await uids(name)).toEqual(old);
    expect(await front.said(world, name)).toEqual(before);
    await nothingLeft(name, 3);
  });

  it('handed over nobody is sent to new pods; taken back it begins at its first step, also where the worker dies in between', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-canary-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const name = 'lent';
    const say = (message: 'handOver' | 'takeBack') => world.sluice.send(world.target(name), message, { by: 'anna' });
    await deploy(name, 3);
    await front.create(world, name);
    const [before, old] = [await front.said(world, name), await uids(name)];
    await world.start(stepwise(name, weights(front, name)));
    await atGate(name, 'after-canary-1');
    await say('handOver');
    await world.until(name, ({ phase }) => phase === 'manual');
    expect([await front.said(world, name), await uids(name)]).toEqual([before, old]);
    await nothingLeft(name, 3);

    // It looks whether it can hold the workload, and gives it back to plan anew.
    const kill = { point: 'acquire', when: 'after', nth: 1 } as const;
    const points = join(folder, 'taken-back');
    await worker.kill();
    worker = await world.worker({ points, kills: { [name]: kill } });
    await say('takeBack');
    await until(() => hasComeTo(points, name, kill).catch(() => false));
    await worker.kill();
    worker = await world.worker();
    for (const gate of ['after-canary-1', 'after-canary-2', 'after-canary-3']) {
      await atGate(name, gate);
      await send(name, 'approve', gate);
    }
    await atGate(name, 'after-switch');
    for (const more of [['handOver'], ['supersede', stepwise(name, weights(front, name), v3)]] as const) {
      const message = { by: 'anna', spec: more[1] ?? {} };
      await expect(world.sluice.send(world.target(name), more[0], message)).rejects.toMatchObject({
        code: 'REFUSED',
        message: expect.stringContaining('Callers were switched'),
      });
    }
    await send(name, 'approve', 'after-switch');
    expect(await ended(name)).toMatchObject({ phase: 'succeeded', notUndone: [] });
    expect(await versions(name)).toBe(all('v2', 3));
    expect(await front.said(world, name)).toEqual(before);
    await nothingLeft(name, 3);
  });
});

describe.each(fronts)('a canary behind $kind', (front) => {
  const nameOf = (what: string): string => `${what}-${front.kind.toLowerCase()}`;
  const split = (name: string) => front.split(world, name);
  const said = (name: string) => front.said(world, name);
  const gone = async (name: string, count: number): Promise<void> => {
    await nothingLeft(name, count);
    expect(await front.traces(world, name)).toEqual([]);
  };
  const start = async (name: string, pods: number): Promise<unknown> => {
    await deploy(name, pods);
    await front.create(world, name);
    return said(name);
  };

  it('callers with a header, then by weight, then all; it is exactly as before, and the canary’s Service goes', async () => {
    const name = nameOf('web');
    const before = await start(name, 4);
    const canary = `${name}-canary`;
    const plan = await world.sluice.plan(validateSpec(stepwise(name, weights(front, name))));
    expect(plan.canary?.route).toEqual({ kind: front.kind, name, service: name, canary });
    expect(await said(name)).toEqual(before);
    await world.start(stepwise(name, weights(front, name)));
    await atGate(name, 'after-canary-1');
    expect(await split(name)).toBe(`${canary} 100, ${name} 100`);
    expect([await called(canary, name), await called(name)]).toEqual(['v2', all('v1', 4)]);
    await send(name, 'approve', 'after-canary-1');
    const second = await atGate(name, 'after-canary-2');
    expect(second.text).toContain('after-canary-2');
    expect(await split(name)).toBe(`${canary} 100, ${name} 75, ${canary} 25`);
    await send(name, 'approve', 'after-canary-2');
    await atGate(name, 'after-canary-3');
    expect([await split(name), await called(canary, name)]).toEqual([`${canary} 100, ${canary} 100`, all('v2', 4)]);
    await send(name, 'approve', 'after-canary-3');
    await atGate(name, 'after-switch');
    expect([await said(name), await split(name), await called(name)]).toEqual([before, `${name} 100`, all('v2', 4)]);
    await send(name, 'approve', 'after-switch');
    expect(await ended(name)).toMatchObject({ phase: 'succeeded' });
    expect([await versions(name), await said(name)]).toEqual([all('v2', 4), before]);
    await gone(name, 4);
  });

  it('somebody else’s change of it holds the release; taken over it goes on, and back it is as before', async () => {
    const name = nameOf('theirs');
    const before = await start(name, 3);
    const pods = await uids(name);
    await world.start(stepwise(name, { ...weights(front, name), steps: [{ weight: 25 }, { weight: 50 }] }));
    await atGate(name, 'after-canary-1');
    await front.meddle(world, name);
    const { text } = await held(name);
    expect(text).toContain(`Somebody changed ${front.kind} ${name}`);
    await send(name, 'takeOver');
    await atGate(name, 'after-canary-1');
    await until(async () => (await split(name)) === `${name} 75, ${name}-canary 25`);
    await send(name, 'approve', 'after-canary-1');
    await atGate(name, 'after-canary-2');
    await send(name, 'rollback');
    expect(await ended(name)).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect([await said(name), await split(name), await uids(name)]).toEqual([before, `${name} 100`, pods]);
    await gone(name, 3);
  });

  it('a workflow that was terminated leaves it split: the next release puts it back first', async () => {
    const name = nameOf('ended');
    const before = await start(name, 3);
    const spec = stepwise(name, weights(front, name));
    await world.start(spec);
    await atGate(name, 'after-canary-1');
    await world.client.workflow.getHandle(`release/${world.cluster}/${world.namespace}/deployment/${name}`).terminate();
    expect(await split(name)).toContain(`${name}-canary 100`);
    await world.start({ ...spec, gates: { afterGray: { approval: {} } } });
    await atGate(name, 'after-canary-1');
    expect([await split(name), (await uids(name)).length]).toEqual([`${name}-canary 100, ${name} 100`, 4]);
    await send(name, 'rollback');
    expect(await ended(name)).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await said(name)).toEqual(before);
    await gone(name, 3);
  });
});

it.each(ruleFronts)('adopted, what somebody else made of $kind stays, without the canary', async (front) => {
  const name = `adopted-${front.kind.toLowerCase()}`;
  await deploy(name, 2);
  await front.create(world, name);
  const before = (await front.said(world, name)) as { readonly spec: object };
  await world.start(stepwise(name, weights(front, name)));
  await atGate(name, 'after-canary-1');
  await front.tweak(world, name);
  await held(name);
  await send(name, 'adopt');
  expect(await ended(name)).toMatchObject({ phase: 'handedOver' });
  expect(await front.said(world, name)).toEqual({ ...before, spec: front.tweaked(before.spec) });
  expect(await versions(name)).toBe('v1 v1');
  await nothingLeft(name, 2);
});

it('a route is refused in the plan where it cannot be had', async () => {
  await deploy('unfit', 2);
  await deploy('elsewhere', 1);
  await httpRouteFront.create(world, 'elsewhere');
  const refused = (canary: Canary) => world.sluice.plan(validateSpec(stepwise('unfit', canary)));
  const by = (name: string): Canary['route'] => ({ kind: 'HTTPRoute', name });
  const steps = [{ weight: 5 }];
  await expect(refused({ route: by('none'), steps })).rejects.toMatchObject({ code: 'ROUTE_NOT_FOUND' });
  await expect(refused({ route: by('elsewhere'), steps })).rejects.toMatchObject({
    code: 'ROUTE_UNFIT',
    message: expect.stringContaining('no rule that points to Service unfit; it points to: elsewhere'),
  });
  await httpRouteFront.create(world, 'unfit');
  await expect(
    refused({ route: by('unfit'), steps: [{ match: { cookie: { name: 'a', value: 'b' } } }] }),
  ).rejects.toMatchObject({ code: 'ROUTE_UNFIT', message: expect.stringContaining('cookie') });
  const other = { apiVersion: 'v1', kind: 'Service', metadata: at('unfit-canary'), spec: { ports: [{ port: 80 }] } };
  await world.kube.create(services, other, { namespace: world.namespace });
  await expect(refused({ route: by('unfit'), steps })).rejects.toMatchObject({ code: 'SERVICE_UNUSABLE' });
  await until(async () => (await versions('unfit')) === 'v1 v1');
});
