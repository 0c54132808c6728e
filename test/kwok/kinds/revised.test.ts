import { describe, expect, it } from 'vitest';
import { controllerRevisions, services } from '../../../activities/kubernetes/resources.ts';
import type { AnySet } from '../../../activities/kubernetes/sets/kind.ts';
import { createTraffic } from '../../../activities/traffic/index.ts';
import type { CommitRequest, HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import type { ClusterActivities } from '../../../workflows/contract/activities.ts';
import type { Images } from '../../../workflows/contract/observation.ts';
import { afterEachWrite, dyingAfter } from '../activities/dying.ts';
import { activitiesOf, attempt, eventually, ground, handful, identities, v1, v2 } from '../activities/fixtures.ts';
import { deployRevised, type RevisedApp, type RevisedOptions, revisedKinds } from './revised.ts';

const { world, sluice } = await ground({ createTraffic });

const version = (number: number): Images => ({ app: `registry.test/shop:v${number}` });
const through = (app: RevisedApp) => ({ through: [{ service: app.target.name }] });

/** All pods to `images`, until ready on them. */
async function bring(app: RevisedApp, held: HeldRequest, images: Images): Promise<void> {
  const request = handful(app.target, held.uid, held.holder, await app.pods(), images);
  await attempt(sluice, 'patch', request);
  let open = request.pods;
  while (open.length > 0) {
    const { later, failed } = await attempt(sluice, 'wait', { ...request, pods: open });
    expect(failed).toEqual([]);
    open = open.filter(({ name }) => later.includes(name));
  }
}

/** The steps of a release, one after the other, in a worker that may die; each is an activity. */
type StepName = 'acquire' | 'openTraffic' | 'commit' | 'closeTraffic' | 'release' | 'uncommit';
interface Step {
  readonly name: StepName;
  readonly input: Parameters<ClusterActivities[StepName]>[0];
}

async function run(steps: readonly Step[], worker = sluice): Promise<void> {
  for (const { name, input } of steps) await attempt(worker, name, input as never);
}

/** Runs the steps in a worker that dies after `count` writes, then again in one that lives. Whether the first died. */
async function runTwice(steps: readonly Step[], count: number): Promise<boolean> {
  const kube = dyingAfter(world.kube, count);
  const mortal = activitiesOf(kube, { createTraffic });
  let at = 0;
  try {
    for (; at < steps.length; at += 1) await run(steps.slice(at, at + 1), mortal);
  } catch (error) {
    if (!kube.died()) throw error;
  } finally {
    mortal.close();
  }
  await run(steps.slice(at));
  return kube.died();
}

/** Nothing of ours in the workload, its revisions and its pods' labels but for the batch. */
async function clean(app: RevisedApp): Promise<void> {
  const workload = await app.workload();
  const objects = [workload, ...(await app.revisions())];
  const text = JSON.stringify(objects, (key, value: unknown) => (key === 'managedFields' ? undefined : value));
  expect(text).not.toContain('sluice.dev/');
  // By its own name: stories run at a time.
  const witness = { namespace: world.namespace, name: `sluice-${workload.metadata.uid}` };
  expect(await world.kube.find(services, witness)).toBeUndefined();
  for (const { metadata } of await app.pods()) expect(metadata.labels).not.toHaveProperty(['sluice.dev/serving']);
}

const requestOf = (held: HeldRequest, from: number, to: number): CommitRequest => ({
  ...held,
  from: version(from),
  to: version(to),
  cause: `to v${to}`,
});
const ending = (app: RevisedApp, request: CommitRequest, drains: boolean): Step[] => [
  { name: 'commit', input: request },
  ...(drains ? [{ name: 'closeTraffic' as const, input: { ...request, ...through(app) } }] : []),
  { name: 'release', input: { ...request, keeps: request.from } },
];

/** Held, and all pods on version `to`. */
async function upgraded(app: RevisedApp, from: number, to: number, drains: boolean): Promise<CommitRequest> {
  const request = requestOf(await app.held(), from, to);
  await run([
    { name: 'acquire', input: request },
    ...(drains ? [{ name: 'openTraffic' as const, input: { ...request, ...through(app) } }] : []),
  ]);
  await bring(app, request, request.to);
  return request;
}

async function release(app: RevisedApp, from: number, to: number, drains: boolean): Promise<void> {
  await run(ending(app, await upgraded(app, from, to, drains), drains));
  await app.settled();
}

/** Without the one that the API server counts changes of a DaemonSet's template with. */
function annotationsOf({ metadata }: AnySet) {
  const { 'deprecated.daemonset.template.generation': _, ...annotations } = metadata.annotations ?? {};
  return annotations;
}

const revision = (number: number): string =>
  `${number}: ${version(number)['app']}${number === 1 ? ' (first)' : ` (to v${number})`}`;
const newest = (last: number, count: number): string[] =>
  Array.from({ length: Math.min(last, count) }, (_, index) => revision(last - index)).toReversed();

describe.each(revisedKinds)('$kind in place', (kind) => {
  const deploy = async (options: RevisedOptions, drains = false): Promise<RevisedApp> => {
    // Pods are found by the name of their workload, and the kinds share a namespace.
    const app = await deployRevised(world, kind, { ...options, name: `${kind.kind}-${options.name}` });
    if (drains) await app.serve();
    return app;
  };

  describe.each([false, true])('drained through a Service: %s', (drains) => {
    const named = (name: string): string => `${name}-${drains ? 'drained' : 'plain'}`;

    it('changes every pod in place and leaves native status, history and nothing of its own', async () => {
      const app = await deploy({ name: named('whole') }, drains);
      const before = await app.pods();
      const { spec } = await app.workload();
      for (const to of [2, 3]) {
        await release(app, to - 1, to, drains);
        expect(await app.history()).toEqual(newest(to, 3));
        expect(identities(await app.pods())).toEqual(identities(before));
      }
      const after = await app.workload();
      expect(after.spec).toEqual({ ...spec, template: after.spec.template });
      expect((await app.pods()).map((pod) => pod.status?.containerStatuses?.[0]?.restartCount)).toEqual([2, 2, 2]);
      await clean(app);
    });

    it('a pod that dies before the commit comes back with the old version, one after it with the new', async () => {
      const app = await deploy({ name: named('dies') }, drains);
      const request = await upgraded(app, 1, 2, drains);
      const reborn = async (name: string) => {
        // Under the same name or on the same node: the one that was not there before.
        const before = new Set((await app.pods()).map(({ metadata }) => metadata.uid));
        await app.kill(name);
        return eventually(async () => {
          const now = (await app.pods()).find(({ metadata }) => !before.has(metadata.uid));
          return now?.status?.phase === 'Running' && now;
        });
      };
      const [first = '', second = ''] = (await app.pods()).map(({ metadata }) => metadata.name);
      const old = await reborn(first);
      expect(old.spec.containers[0]?.image).toBe(v1['app']);
      expect(old.metadata.labels?.['sluice.dev/serving']).toBe(drains ? 'true' : undefined);
      await bring(app, request, v2);
      const [commit, ...rest] = ending(app, request, drains);
      if (commit) await run([commit]);
      expect((await reborn(second)).spec.containers[0]?.image).toBe(v2['app']);
      const identity = identities(await app.pods());
      await run(rest);
      await app.settled();
      expect(identities(await app.pods())).toEqual(identity);
      expect(await app.history()).toEqual(newest(2, 2));
      await clean(app);
    });

    it('rolled back before the commit, it is as it was', async () => {
      const app = await deploy({ name: named('back') }, drains);
      const [before, identity] = [await app.workload(), identities(await app.pods())];
      const request = await upgraded(app, 1, 2, drains);
      const [first = ''] = (await app.pods()).map(({ metadata }) => metadata.name);
      expect(first).not.toBe('');
      await bring(app, request, v1);
      await run([
        ...(drains ? [{ name: 'closeTraffic' as const, input: { ...request, ...through(app) } }] : []),
        { name: 'release', input: request },
      ]);
      await app.settled();
      expect(identities(await app.pods())).toEqual(identity);
      expect(await app.history()).toEqual([revision(1)]);
      expect((await app.workload()).spec).toEqual(before.spec);
      await clean(app);
    });

    it('uncommitted, also after it was given back, it is as it was', async () => {
      for (const steps of [1, 3]) {
        const app = await deploy({ name: named(`uncommit-${steps}`) }, drains);
        const before = await app.workload();
        const identity = identities(await app.pods());
        const request = await upgraded(app, 1, 2, drains);
        await run(ending(app, request, drains).slice(0, steps));
        await run([{ name: 'uncommit', input: request }]);
        if (drains) await run([{ name: 'openTraffic', input: { ...request, ...through(app) } }]);
        await bring(app, request, v1);
        if (drains) await run([{ name: 'closeTraffic', input: { ...request, ...through(app) } }]);
        await run([{ name: 'release', input: request }]);
        await app.settled();
        expect(await app.history()).toEqual([revision(1)]);
        expect((await app.workload()).spec).toEqual(before.spec);
        expect(annotationsOf(await app.workload())).toEqual(annotationsOf(before));
        expect(identities(await app.pods())).toEqual(identity);
        await clean(app);
      }
    });

    it('killed after any write of its end, it ends the same', async () => {
      await afterEachWrite(async (count) => {
        const app = await deploy({ name: named(`killed-${count}`), replicas: 2 }, drains);
        const identity = identities(await app.pods());
        const request = await upgraded(app, 1, 2, drains);
        const died = await runTwice(ending(app, request, drains), count);
        await app.settled();
        expect(await app.history()).toEqual(newest(2, 2));
        expect(identities(await app.pods())).toEqual(identity);
        await clean(app);
        return died;
      });
    });

    it('a commit killed after any write is undone, by an undo that is killed too', async () => {
      await afterEachWrite(async (count) => {
        const app = await deploy({ name: named(`half-${count}`), replicas: 2 }, drains);
        const identity = identities(await app.pods());
        const request = await upgraded(app, 1, 2, drains);
        const kube = dyingAfter(world.kube, count);
        const mortal = activitiesOf(kube, { createTraffic });
        await run(ending(app, request, drains), mortal).catch((error: unknown) => {
          if (!kube.died()) throw error;
        });
        mortal.close();
        await runTwice([{ name: 'uncommit', input: request }], 1);
        if (drains) await run([{ name: 'openTraffic', input: { ...request, ...through(app) } }]);
        await bring(app, request, v1);
        await runTwice(
          [
            ...(drains ? [{ name: 'closeTraffic' as const, input: { ...request, ...through(app) } }] : []),
            { name: 'release', input: request },
          ],
          count,
        );
        await app.settled();
        expect(await app.history()).toEqual([revision(1)]);
        expect(identities(await app.pods())).toEqual(identity);
        await clean(app);
        return kube.died();
      });
    });

    it.each([0, 1, 2])('revisionHistoryLimit %i: after each release so many earlier revisions', async (limit) => {
      const app = await deploy(
        { name: named(`limit-${limit}`), replicas: 2, spec: { revisionHistoryLimit: limit } },
        drains,
      );
      const identity = identities(await app.pods());
      for (let number = 2; number <= 5; number += 1) {
        await release(app, number - 1, number, drains);
        await eventually(async () => (await app.revisions()).length <= limit + 1);
        expect(await app.history()).toEqual(newest(number, limit + 1));
      }
      expect(identities(await app.pods())).toEqual(identity);
    });

    it('rolled back at a full history, it loses no revision', async () => {
      const app = await deploy({ name: named('full'), replicas: 2, spec: { revisionHistoryLimit: 1 } }, drains);
      for (const to of [2, 3]) await release(app, to - 1, to, drains);
      await eventually(async () => (await app.revisions()).length === 2);
      const request = await upgraded(app, 3, 4, drains);
      await bring(app, request, request.from);
      if (drains) await run([{ name: 'closeTraffic', input: { ...request, ...through(app) } }]);
      await run([{ name: 'release', input: request }]);
      await app.settled();
      expect(await app.history()).toEqual(newest(3, 2));
      await release(app, 3, 4, drains);
      await eventually(async () => (await app.revisions()).length === 2);
      expect(await app.history()).toEqual(newest(4, 2));
    });

    it('back to an earlier version: its revision gets the next number, as after a native undo', async () => {
      const app = await deploy({ name: named('again'), replicas: 2 }, drains);
      const identity = identities(await app.pods());
      await release(app, 1, 2, drains);
      await release(app, 2, 1, drains);
      expect(await app.history()).toEqual(['2: registry.test/shop:v2 (to v2)', '3: registry.test/shop:v1 (to v1)']);
      expect(identities(await app.pods())).toEqual(identity);
    });

    it('what a terminated release left is taken over, with the strategy that it had found', async () => {
      const app = await deploy({ name: named('left'), replicas: 2 }, drains);
      const { spec } = await app.workload();
      const identity = identities(await app.pods());
      await upgraded(app, 1, 2, drains);
      const next = requestOf(
        await app.held(`release/local/${world.namespace}/${kind.kind}/${app.target.name}|run-2`),
        1,
        2,
      );
      await run([
        { name: 'acquire', input: next },
        ...(drains ? [{ name: 'openTraffic' as const, input: { ...next, ...through(app) } }] : []),
      ]);
      await bring(app, next, v2);
      await run(ending(app, next, drains));
      await app.settled();
      expect((await app.workload()).spec.updateStrategy).toEqual(spec.updateStrategy);
      expect(await app.history()).toEqual(newest(2, 2));
      expect(identities(await app.pods())).toEqual(identity);
      await clean(app);
    });

    it('somebody changes template and strategy: the release stops, and takes over what they did', async () => {
      const app = await deploy({ name: named('drift'), replicas: 2 }, drains);
      const identity = identities(await app.pods());
      const request = await upgraded(app, 1, 2, drains);
      await app.patch({ spec: { template: { metadata: { annotations: { theirs: 'yes' } } } } });
      for (const step of ['commit', 'release'] as const) {
        await expect(attempt(sluice, step, request)).rejects.toMatchObject({ type: 'WORKLOAD_CHANGED' });
      }
      await attempt(sluice, 'takeOver', request);
      await run(ending(app, request, drains));
      await app.settled();
      expect(await app.history()).toEqual(newest(2, 2));
      expect(identities(await app.pods())).toEqual(identity);
      await clean(app);
    });

    it('adopted, their change is rolled out by its own controller', async () => {
      const app = await deploy({ name: named('adopt'), replicas: 2 }, drains);
      const identity = identities(await app.pods());
      const request = await upgraded(app, 1, 2, drains);
      await app.patch({ spec: { template: { spec: { containers: [{ name: 'app', image: version(3)['app'] }] } } } });
      if (drains) await run([{ name: 'closeTraffic', input: { ...request, ...through(app) } }]);
      await run([{ name: 'release', input: { ...request, adopt: true } }]);
      await eventually(async () => {
        const list = await app.pods();
        const images = list.map(({ spec }) => spec.containers[0]?.image);
        return list.length === 2 && images.every((image) => image === version(3)['app']);
      });
      await app.settled();
      expect(identities(await app.pods())).not.toEqual(identity);
      await clean(app);
    });
  });

  // The controller of a DaemonSet makes a revision that is deleted anew, at once.
  it.runIf(kind.kind === 'statefulset')(
    'rolled back where an older controller wrote the revision before in another way: it is listed once',
    async () => {
      const app = await deploy({ name: 'other-bytes', replicas: 2 }, true);
      const identity = identities(await app.pods());
      const [old] = await app.revisions();
      if (!old) throw new Error('no revision');
      const { name, namespace = '', labels, annotations, ownerReferences } = old.metadata;
      // The same content with Go's escapes undone: equal to people, not to the controller.
      await world.kube.remove(controllerRevisions, { namespace, name });
      const metadata = { name, namespace, labels, annotations, ownerReferences };
      const body = { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata, revision: 1, data: old.data };
      await world.kube.create(controllerRevisions, body, { namespace });
      const request = await upgraded(app, 1, 2, true);
      await bring(app, request, v1);
      await run([
        { name: 'closeTraffic', input: { ...request, ...through(app) } },
        { name: 'release', input: request },
      ]);
      await app.settled();
      expect(await app.history()).toEqual([revision(1)]);
      expect((await app.revisions())[0]?.metadata.name).not.toBe(name);
      expect(identities(await app.pods())).toEqual(identity);
    },
  );

  it('the template can be undone natively after a release', async () => {
    const app = await deploy({ name: 'native' });
    await release(app, 1, 2, false);
    const [old] = await app.revisions();
    if (!old) throw new Error('no revision');
    await app.undo(old);
    await app.settled();
    expect((await app.pods()).map(({ spec }) => spec.containers[0]?.image)).toEqual([v1['app'], v1['app'], v1['app']]);
    expect(await app.history()).toEqual(['2: registry.test/shop:v2 (to v2)', '3: registry.test/shop:v1 (first)']);
  });

  it('history names what there is, newest first', async () => {
    const app = await deploy({ name: 'told', replicas: 1 });
    await release(app, 1, 2, false);
    await release(app, 2, 1, false);
    const { revisions } = await attempt(sluice, 'history', { target: app.target });
    expect(revisions).toMatchObject([
      { revision: 3, current: true, images: version(1), cause: 'to v1' },
      { revision: 2, current: false, images: version(2), cause: 'to v2' },
    ]);
  });
});
