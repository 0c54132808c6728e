import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { controllerRevisions, deployments, pods, replicaSets } from '../../activities/kubernetes/resources.ts';
import { sameTemplate } from '../../activities/kubernetes/templates.ts';
import type { Pod } from '../../activities/kubernetes/wire.ts';
import { undoChange, undoOf } from '../../client/sdk/undo.ts';
import { sampleImage } from '../../local/sample.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { openWorld, until, type WorkerProcess, type World } from '../support/world.ts';
import { approval, releasesIn } from './support/releases.ts';

let world: World;
let worker: WorkerProcess;
beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir);
  worker = await world.worker();
});
afterAll(() => world?.close());

const { deploy, ended, atGate, clean } = releasesIn(() => world);
const send = (name: string, message: 'approve' | 'rollback' | 'pause' | 'resume', gate?: string) =>
  world.sluice.send(world.target(name), message, { by: 'bob', ...(gate && { gate }) });

/** A release that sets LEVEL of the container to `level`, through the Service of the same name. */
const withLevel = (name: string, level: string, change: Partial<ReleaseSpecInput> = {}): ReleaseSpecInput => ({
  ...world.spec(name, sampleImage('v1'), { traffic: { through: [{ service: name }], quiet: '0s' } }),
  change: { template: { spec: { containers: [{ name: 'app', env: [{ name: 'LEVEL', value: level }] }] } } },
  gates: approval,
  ...change,
});

const list = async (name: string): Promise<readonly Pod[]> => {
  const { items } = await world.kube.list(pods, { namespace: world.namespace, labelSelector: `app=${name}` });
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
};
const levelOf = ({ spec }: Pod): string =>
  spec.containers[0]?.env?.find((entry) => entry.name === 'LEVEL')?.value ?? '-';
/** How many pods have which LEVEL, as `- - 1 1`. */
const levels = async (name: string): Promise<string> => (await list(name)).map(levelOf).toSorted().join(' ');
const uids = async (name: string): Promise<string[]> =>
  (await list(name)).map(({ metadata }) => metadata.uid).toSorted();
const templates = async (name: string) => {
  const { namespace } = world;
  const { spec } = await world.kube.get(deployments, { namespace, name });
  const { items } = await world.kube.list(replicaSets, { namespace, labelSelector: `app=${name}` });
  const live = items.find((set) => (set.spec.replicas ?? 0) > 0);
  return { deployment: spec.template, live: live?.spec.template };
};
/** Both templates are the same, and nothing that the release kept is there. */
const settled = async (name: string): Promise<void> => {
  const { deployment, live } = await templates(name);
  expect(live && sameTemplate(deployment, live)).toBe(true);
  const { items } = await world.kube.list(controllerRevisions, { namespace: world.namespace });
  expect(items.filter(({ metadata }) => metadata.name.startsWith(`${name}-sluice-`))).toEqual([]);
};
const allReady = (name: string, count: number) =>
  until(async () => [...(await world.pods(name)).values()].filter(({ ready }) => ready).length === count);

describe('a change that is no image', () => {
  it('scenario 31: makes the pods anew, batch by batch; who dies at the gate is born old; the resume moves nobody', async () => {
    await deploy('env', 6);
    const before = await uids('env');
    const plan = await world.sluice.plan(validateSpec(withLevel('env', '1')));
    expect(plan.mode).toMatchObject({ used: 'Recreate', reason: expect.stringContaining('env of app') });
    await world.start(withLevel('env', '1'));
    await atGate('env');
    expect(await levels('env')).toBe('- - - - - 1');
    const gray = (await list('env')).find((pod) => levelOf(pod) === '1');
    const untouched = (await list('env')).find((pod) => levelOf(pod) === '-');
    for (const pod of [gray, untouched]) {
      await world.kube.remove(pods, { namespace: world.namespace, name: pod?.metadata.name ?? '' });
    }
    await until(async () => (await levels('env')) === '- - - - - -');
    await allReady('env', 6);
    await send('env', 'approve', 'after-gray');
    expect(await ended('env')).toMatchObject({ phase: 'succeeded' });
    expect(await levels('env')).toBe('1 1 1 1 1 1');
    const after = await uids('env');
    expect(after.filter((uid) => before.includes(uid))).toEqual([]);
    await settled('env');
    await clean('env', 6);
    expect(await uids('env')).toEqual(after);
    const { entries } = await world.sluice.history(world.target('env'));
    expect(entries.map(({ native }) => [native?.revision, native?.current])).toEqual([
      [2, true],
      [1, false],
    ]);
  });

  it('a rollback at the gate brings back the gray pod, anew; the others were never touched', async () => {
    await deploy('back', 5);
    const before = await uids('back');
    await world.start(withLevel('back', '1'));
    await atGate('back');
    await send('back', 'rollback');
    expect(await ended('back')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await levels('back')).toBe('- - - - -');
    expect((await uids('back')).filter((uid) => before.includes(uid))).toHaveLength(4);
    await settled('back');
    await clean('back', 5);
  });

  it('changed again and again in mid-release, it ends as the last one said, and no pod is lost', async () => {
    await deploy('again', 4);
    for (const level of ['1', '2']) {
      await world.start(withLevel('again', level, { gates: { afterGray: { approval: false } } }));
      await until(async () => (await levels('again')).includes(level));
      await send('again', 'rollback').catch(() => undefined);
      await ended('again');
    }
    await world.start(withLevel('again', '3', { gates: { afterGray: { approval: false } } }));
    expect(await ended('again')).toMatchObject({ phase: 'succeeded' });
    expect(await levels('again')).toBe('3 3 3 3');
    await settled('again');
    await clean('again', 4);
  });

  it('aborted in the middle of a batch, and paused in one: what dies in the pause is born old', async () => {
    await deploy('mid', 12);
    await world.start(
      withLevel('mid', '1', {
        strategy: { batches: ['100%'], maxUnavailable: 1 },
        gates: { afterGray: { approval: false } },
      }),
    );
    const isNew = async () => (await levels('mid')).split(' ').filter((level) => level === '1').length;
    await until(async () => (await isNew()) >= 3);
    await send('mid', 'pause');
    await world.until('mid', ({ batches }) =>
      batches.every(({ pods: all }) => all.every(({ state }) => state === 'done' || state === 'queued')),
    );
    await until(async () => {
      const { live, deployment } = await templates('mid');
      return live !== undefined && sameTemplate(deployment, live, ['sluice.dev/serving']);
    });
    const { batches } = await world.sluice.status(world.target('mid'));
    expect(batches.flatMap((batch) => batch.pods)).toHaveLength(12);
    const count = await isNew();
    const old = (await list('mid')).find((pod) => levelOf(pod) === '-');
    await world.kube.remove(pods, { namespace: world.namespace, name: old?.metadata.name ?? '' });
    await allReady('mid', 12);
    expect(await isNew()).toBe(count);
    await send('mid', 'resume');
    await until(async () => (await isNew()) > count + 1);
    await send('mid', 'rollback');
    expect(await ended('mid')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(new Set((await levels('mid')).split(' '))).toEqual(new Set(['-']));
    await settled('mid');
    await clean('mid', 12);
  });

  it('a version that crashes stops at the gray pod, which is made anew from the old template', async () => {
    await deploy('crash', 4);
    await world.start(
      world.spec('crash', sampleImage('v3-crash'), {
        strategy: { mode: 'Recreate' },
        traffic: { through: [{ service: 'crash' }], quiet: '0s' },
        gates: approval,
      }),
    );
    expect(await ended('crash')).toMatchObject({ phase: 'rolledBack', failure: { code: 'POD_FAILED' } });
    const images = (await list('crash')).map(({ spec }) => spec.containers[0]?.image);
    expect(new Set(images)).toEqual(new Set([sampleImage('v1')]));
    await settled('crash');
    await clean('crash', 4);
  });

  it('scaled down and up in mid-release: who is gone is not missed, who is new comes along', async () => {
    await deploy('scaled', 6);
    await world.start(withLevel('scaled', '1'));
    await atGate('scaled');
    const scale = (replicas: number) =>
      world.kube.patch(
        deployments,
        { namespace: world.namespace, name: 'scaled' },
        { spec: { replicas } },
        { as: 'merge' },
      );
    await scale(3);
    await until(async () => (await list('scaled')).length === 3);
    await scale(8);
    await allReady('scaled', 8);
    await send('scaled', 'approve', 'after-gray');
    expect(await ended('scaled')).toMatchObject({ phase: 'succeeded' });
    expect(new Set((await levels('scaled')).split(' '))).toEqual(new Set(['1']));
    await settled('scaled');
    await clean('scaled', 8);
  });

  it('two hundred pods, and the worker is killed twice on the way', async () => {
    await deploy('many', 200);
    const before = await uids('many');
    await world.start(
      withLevel('many', '1', { strategy: { maxUnavailable: '25%' }, gates: { afterGray: { approval: false } } }),
    );
    const isNew = async () => (await levels('many')).split(' ').filter((level) => level === '1').length;
    for (const count of [30, 120]) {
      await until(async () => (await isNew()) >= count);
      await worker.kill();
      worker = await world.worker();
    }
    expect(await ended('many')).toMatchObject({ phase: 'succeeded' });
    expect(await isNew()).toBe(200);
    const after = await uids('many');
    expect(after.filter((uid) => before.includes(uid))).toEqual([]);
    const born = (await list('many')).map(({ metadata }) => metadata.annotations?.['sluice.dev/replaces']);
    expect(new Set(born.filter((uid) => uid !== undefined)).size).toBe(born.filter((uid) => uid !== undefined).length);
    await settled('many');
    await clean('many', 200);
  });

  it('an undo of it brings the whole revision back: pods are made anew once more', async () => {
    await deploy('undone', 3);
    await world.start(withLevel('undone', '1', { gates: { afterGray: { approval: false } } }));
    expect(await ended('undone')).toMatchObject({ phase: 'succeeded' });
    const undone = undoOf(await world.sluice.history(world.target('undone')));
    expect(undone).toMatchObject({ revision: 1, images: {} });
    const change = undoChange(undone, undefined);
    await world.start(withLevel('undone', '', { change, gates: { afterGray: { approval: false } } }));
    expect(await ended('undone')).toMatchObject({ phase: 'succeeded', version: 'revision 1' });
    expect(await levels('undone')).toBe('- - -');
    await settled('undone');
    await clean('undone', 3);
    const { entries } = await world.sluice.history(world.target('undone'));
    expect(entries.map(({ native }) => native?.revision)).toEqual([3, 2]);
    const gone = withLevel('undone', '', { change: { revision: 1 } });
    const refusal = await world.sluice.plan(validateSpec(gone)).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'REVISION_NOT_FOUND', message: expect.stringContaining('there are 2, 3') });
  });

  it('scenario 32: resources that change the class of service make pods anew', async () => {
    await deploy('qos', 2);
    const resources = { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '1m', memory: '1Mi' } };
    const change = { template: { spec: { containers: [{ name: 'app', resources }] } } };
    const asked = withLevel('qos', '', { change, gates: { afterGray: { approval: false } } });
    const plan = await world.sluice.plan(validateSpec(asked));
    expect([plan.mode.used, plan.change.template?.differs]).toEqual(['Recreate', ['resources of app']]);
    await world.start(asked);
    expect(await ended('qos')).toMatchObject({ phase: 'succeeded' });
    expect((await list('qos')).map(({ status }) => status?.qosClass)).toEqual(['Guaranteed', 'Guaranteed']);
    await settled('qos');
  });

  it('a restart makes pods anew where that is asked for', async () => {
    await deploy('restart', 3);
    const before = await uids('restart');
    await world.start({
      ...withLevel('restart', '1'),
      change: { restart: true },
      strategy: { mode: 'Recreate' },
      gates: { afterGray: { approval: false } },
    });
    expect(await ended('restart')).toMatchObject({ phase: 'succeeded', restart: true });
    expect((await uids('restart')).filter((uid) => before.includes(uid))).toEqual([]);
    const { deployment } = await templates('restart');
    expect(deployment.metadata?.annotations?.['kubectl.kubernetes.io/restartedAt']).toBeDefined();
    await settled('restart');
  });
});

describe('what is refused before anything is touched', () => {
  const refused = (change: Partial<ReleaseSpecInput>) =>
    world.sluice.plan(validateSpec(withLevel('fixed', '1', change))).then(
      () => undefined,
      (error: unknown) => (error instanceof SluiceError ? `${error.code}: ${error.message}` : String(error)),
    );

  it('scenario 31: names the field, the way, or what stands against it', async () => {
    await deploy('fixed', 2);
    expect(await refused({ strategy: { mode: 'InPlaceOnly' } })).toContain(
      'NOT_IN_PLACE: A pod of deployment/fixed that lives cannot be given env of app',
    );
    const misspelt = { template: { spec: { containers: [{ name: 'app', resorces: {} }] } } };
    const unknown = { template: { spec: { containers: [{ name: 'ap', env: [] }] } } };
    expect(await refused({ change: unknown })).toMatch(
      /CONTAINER_NOT_FOUND: change.template: .* has no container ap; it has app. A new container needs an image./,
    );
    expect(await refused({ change: misspelt })).toMatch(/PATCH_REFUSED: The new template: .*unknown field.*resorces/);
    const selector = { template: { metadata: { labels: { app: 'other' } } } };
    expect(await refused({ change: selector })).toMatch(/PATCH_REFUSED: The new template: .*selector/);
    const same = { template: { spec: { containers: [{ name: 'app', image: sampleImage('v1') }] } } };
    expect(await refused({ change: same })).toContain('IMAGE_UNCHANGED');
    const order = { ...withLevel('fixed', '1').change, images: { app: sampleImage('v2') }, order: ['app'] };
    expect(await refused({ change: order })).toContain('NOT_IN_PLACE: change.order');
    expect(await world.traces('fixed')).toEqual([]);
  });

  it('a template that only changes images goes in place', async () => {
    const change = { template: { spec: { containers: [{ name: 'app', image: sampleImage('v2') }] } } };
    const plan = await world.sluice.plan(validateSpec(withLevel('fixed', '1', { change })));
    expect(plan.mode.used).toBe('InPlace');
    expect(plan.change.to['app']).toContain(':v2');
  });
});
