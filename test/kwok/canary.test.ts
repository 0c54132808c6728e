import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { httpRoutes } from '../../activities/canary/httpRoute.ts';
import { deployments, endpointSlices, replicaSets, services } from '../../activities/kubernetes/resources.ts';
import { endpointsOf } from '../../activities/traffic/endpointView.ts';
import { sampleImage } from '../../local/sample.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { installCrd } from '../support/crds.ts';
import { openWorld, until, type WorkerProcess, type World } from '../support/world.ts';
import { releasesIn, versionOf } from './support/releases.ts';

let world: World;
let worker: WorkerProcess;
beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir);
  worker = await world.worker();
  await installCrd(world.kube, 'httproutes.gateway.networking.k8s.io');
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
const weights = (name: string): Canary => ({
  route: { kind: 'HTTPRoute', name },
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

/** A route to the Service of `name`; answers all that people wrote into it. */
async function routed(name: string): Promise<() => Promise<unknown>> {
  const body = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: at(name),
    spec: { rules: [{ backendRefs: [{ name, port: 80, weight: 3 }] }] },
  };
  await world.kube.create(httpRoutes, body, { namespace: world.namespace });
  return async () => {
    const { spec, metadata } = await world.kube.get(httpRoutes, at(name));
    return { spec, annotations: metadata.annotations ?? {} };
  };
}
/** Weights of its Services, as `web 75, web-canary 25`, one rule after the other. */
async function split(name: string): Promise<string> {
  const { spec } = await world.kube.get(httpRoutes, at(name));
  const refs = (spec.rules ?? []).flatMap(({ backendRefs = [] }) => backendRefs);
  return refs.map((ref) => `${ref.name} ${ref.weight}`).join(', ');
}

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
    expect([await called('ratio'), (await uids('ratio')).length]).toEqual(['v1 v1 v1 v1 v2', 5]);
    await worker.kill();
    worker = await world.worker();
    await send('ratio', 'approve', 'after-canary-1');
    await atGate('ratio', 'after-canary-2');
    expect(await called('ratio')).toBe('v1 v1 v1 v1 v2 v2');
    await send('ratio', 'approve', 'after-canary-2');
    await atGate('ratio', 'after-canary-3');
    await send('ratio', 'approve', 'after-canary-3');
    await atGate('ratio', 'after-switch');
    expect([await called('ratio'), (await uids('ratio')).length]).toEqual([all('v2', 4), 8]);
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

describe('a canary behind an HTTPRoute', () => {
  it('callers with a header, then by weight, then all; the route is exactly as before, and the canary’s Service goes', async () => {
    await deploy('web', 4);
    const route = await routed('web');
    const before = await route();
    const plan = await world.sluice.plan(validateSpec(stepwise('web', weights('web'))));
    expect(plan.canary?.route).toEqual({ kind: 'HTTPRoute', name: 'web', service: 'web', canary: 'web-canary' });
    expect(await route()).toEqual(before);
    await world.start(stepwise('web', weights('web')));
    await atGate('web', 'after-canary-1');
    expect(await split('web')).toBe('web-canary 100, web 3');
    expect([await called('web-canary', 'web'), await called('web')]).toEqual(['v2', all('v1', 4)]);
    await send('web', 'approve', 'after-canary-1');
    const second = await atGate('web', 'after-canary-2');
    expect(second.text).toContain('after-canary-2');
    expect(await split('web')).toBe('web-canary 100, web 75, web-canary 25');
    await send('web', 'approve', 'after-canary-2');
    await atGate('web', 'after-canary-3');
    expect([await split('web'), await called('web-canary', 'web')]).toEqual([
      'web-canary 100, web 0, web-canary 100',
      all('v2', 4),
    ]);
    await send('web', 'approve', 'after-canary-3');
    await atGate('web', 'after-switch');
    expect([await route(), await called('web')]).toEqual([before, all('v2', 4)]);
    await send('web', 'approve', 'after-switch');
    expect(await ended('web')).toMatchObject({ phase: 'succeeded' });
    expect([await versions('web'), await route()]).toEqual([all('v2', 4), before]);
    await nothingLeft('web', 4);
  });

  it('somebody else’s change of it holds the release; taken over it goes on, and back it is as before', async () => {
    await deploy('theirs', 3);
    const route = await routed('theirs');
    const before = await route();
    const pods = await uids('theirs');
    await world.start(stepwise('theirs', { ...weights('theirs'), steps: [{ weight: 25 }, { weight: 50 }] }));
    await atGate('theirs', 'after-canary-1');
    const rules = [{ backendRefs: [{ name: 'theirs', port: 80 }] }];
    await world.kube.patch(httpRoutes, at('theirs'), { spec: { rules } }, { as: 'merge' });
    const { text } = await held('theirs');
    expect(text).toContain('Somebody changed HTTPRoute theirs');
    await send('theirs', 'takeOver');
    await atGate('theirs', 'after-canary-1');
    await until(async () => (await split('theirs')) === 'theirs 75, theirs-canary 25');
    await send('theirs', 'approve', 'after-canary-1');
    await atGate('theirs', 'after-canary-2');
    await send('theirs', 'rollback');
    expect(await ended('theirs')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect([await route(), await uids('theirs')]).toEqual([before, pods]);
    await nothingLeft('theirs', 3);
  });

  it('adopted, what somebody else made of it stays, without the canary', async () => {
    await deploy('adopted', 2);
    const route = await routed('adopted');
    await world.start(stepwise('adopted', weights('adopted')));
    await atGate('adopted', 'after-canary-1');
    const [ours, rule] = (await world.kube.get(httpRoutes, at('adopted'))).spec.rules ?? [];
    const theirs = { ...rule, timeouts: { request: '7s' } };
    await world.kube.patch(httpRoutes, at('adopted'), { spec: { rules: [ours, theirs] } }, { as: 'merge' });
    await held('adopted');
    await send('adopted', 'adopt');
    expect(await ended('adopted')).toMatchObject({ phase: 'handedOver' });
    expect(await route()).toMatchObject({ spec: { rules: [theirs] }, annotations: {} });
    expect(await versions('adopted')).toBe('v1 v1');
    await nothingLeft('adopted', 2);
  });

  it('a workflow that was terminated leaves it split: the next release puts it back first', async () => {
    await deploy('ended', 3);
    const route = await routed('ended');
    const before = await route();
    await world.start(stepwise('ended', weights('ended')));
    await atGate('ended', 'after-canary-1');
    await world.client.workflow.getHandle(`release/${world.cluster}/${world.namespace}/deployment/ended`).terminate();
    expect(await split('ended')).toContain('ended-canary 100');
    const next = { ...stepwise('ended', weights('ended')), gates: { afterGray: { approval: {} } } };
    await world.start(next);
    await atGate('ended', 'after-canary-1');
    expect([await split('ended'), (await uids('ended')).length]).toEqual(['ended-canary 100, ended 3', 4]);
    await send('ended', 'rollback');
    expect(await ended('ended')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await route()).toEqual(before);
    await nothingLeft('ended', 3);
  });

  it('is refused in the plan where it cannot be had', async () => {
    await deploy('unfit', 2);
    await deploy('elsewhere', 1);
    await routed('elsewhere');
    const refused = (canary: Canary) => world.sluice.plan(validateSpec(stepwise('unfit', canary)));
    const by = (name: string): Canary['route'] => ({ kind: 'HTTPRoute', name });
    const steps = [{ weight: 5 }];
    await expect(refused({ route: by('none'), steps })).rejects.toMatchObject({ code: 'ROUTE_NOT_FOUND' });
    await expect(refused({ route: by('elsewhere'), steps })).rejects.toMatchObject({
      code: 'ROUTE_UNFIT',
      message: expect.stringContaining('no rule that points to Service unfit; it points to: elsewhere'),
    });
    await routed('unfit');
    await expect(
      refused({ route: by('unfit'), steps: [{ match: { cookie: { name: 'a', value: 'b' } } }] }),
    ).rejects.toMatchObject({ code: 'ROUTE_UNFIT', message: expect.stringContaining('cookie') });
    const other = { apiVersion: 'v1', kind: 'Service', metadata: at('unfit-canary'), spec: { ports: [{ port: 80 }] } };
    await world.kube.create(services, other, { namespace: world.namespace });
    await expect(refused({ route: by('unfit'), steps })).rejects.toMatchObject({ code: 'SERVICE_UNUSABLE' });
    await until(async () => (await versions('unfit')) === 'v1 v1');
  });
});
