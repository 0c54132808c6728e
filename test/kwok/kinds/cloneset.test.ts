import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createCloneSet } from '../../../activities/kubernetes/cloneset.ts';
import { cloneSets, controllerRevisions, pods, services } from '../../../activities/kubernetes/resources.ts';
import type { Connection } from '../../../activities/kubernetes/types.ts';
import { workloadNotFound } from '../../../activities/kubernetes/workloadNotFound.ts';
import { findingsOf } from '../../../activities/observe/findings.ts';
import { createTraffic } from '../../../activities/traffic/index.ts';
import { undoOf } from '../../../client/sdk/undo.ts';
import { holderOf, marks, releaseId } from '../../../workflows/contract/names.ts';
import { validateSpec } from '../../../workflows/contract/validate.schema.ts';
import { openWorld, until, type World } from '../../support/world.ts';
import { activitiesOf, attempt } from '../activities/fixtures.ts';
import { approval, releasesIn } from '../support/releases.ts';

/** A worker's connection that is told that the Service has no endpoints, until it hears; and how often it has asked. */
function deaf(kube: Connection, service: string) {
  let [hears, asked] = [false, 0];
  const wrap = (inner: Connection): Connection => ({
    ...inner,
    with: (signal) => wrap(inner.with(signal)),
    async list(resource, where) {
      const found = await inner.list(resource, where);
      if (hears || !where.labelSelector?.endsWith(`=${service}`)) return found;
      asked += 1;
      return { ...found, items: found.items.map((slice) => ({ ...slice, endpoints: [] })) };
    },
  });
  return { kube: wrap(kube), hear: () => (hears = true), asked: () => asked };
}

/** Beside the suites that hold for every kind: with OpenKruise's own manager, see test/support/kruise.ts. */
describe.skipIf(!inject('kruise'))(
  'whole releases of a CloneSet (without install-kruise.sh skipped here and elsewhere)',
  () => {
    let world: World;
    beforeAll(async () => {
      world = await openWorld(inject('stack').stateDir, {}, 'cloneset');
      await world.worker();
    });
    afterAll(() => world?.close());

    const { spec, deploy, ended, atGate, versions, uids, callable, clean } = releasesIn(() => world);
    const at = (name: string) => ({ namespace: world.namespace, name });
    const cloneSet = (name: string) => world.kube.get(cloneSets, at(name));
    const patch = (name: string, body: object) => world.kube.patch(cloneSets, at(name), body, { as: 'merge' });
    const approve = (name: string) =>
      world.sluice.send(world.target(name), 'approve', { by: 'bob', gate: 'after-gray' });
    const allReady = (name: string, count: number) =>
      until(async () => {
        const { metadata, status } = await cloneSet(name);
        const seen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
        return seen && status?.readyReplicas === count && status.replicas === count && (await callable(name)) === count;
      });
    /** What `kubectl get cloneset` shows: all pods are of its newest revision, and ready. */
    const told = async (name: string): Promise<string> => {
      const {
        spec: { replicas, updateStrategy },
        status,
      } = await cloneSet(name);
      const current = status?.currentRevision === status?.updateRevision ? 'current' : 'older beside';
      return `${replicas} ${status?.updatedReplicas} ${status?.updatedReadyReplicas} ${current} ${updateStrategy?.paused ?? 'goes on'}`;
    };

    it.each(['ReCreate', 'InPlaceIfPossible', 'InPlaceOnly'])(
      'updateStrategy %s: gray, gate, batches in place; all updated afterwards; there and back by undo',
      async (type) => {
        const name = type.toLowerCase();
        await deploy(name, 5);
        await patch(name, { spec: { updateStrategy: { type, maxUnavailable: '50%' } } });
        await allReady(name, 5);
        const before = await uids(name);
        const { updateStrategy, revisionHistoryLimit } = (await cloneSet(name)).spec;
        await world.start(spec(name, 'v2', { gates: approval }));
        await atGate(name);
        expect(await versions(name)).toBe('v1 v1 v1 v1 v2');
        await approve(name);
        expect(await ended(name)).toMatchObject({ phase: 'succeeded', progress: { done: 5 } });
        expect(await versions(name)).toBe('v2 v2 v2 v2 v2');
        expect([await uids(name), await told(name)]).toEqual([before, '5 5 5 current goes on']);
        expect((await cloneSet(name)).spec).toMatchObject({ updateStrategy, revisionHistoryLimit });
        await clean(name, 5);
        const { entries } = await world.sluice.history(world.target(name));
        expect(entries[0]).toMatchObject({ native: { revision: 2, current: true }, record: { phase: 'succeeded' } });

        const { images } = undoOf(await world.sluice.history(world.target(name)));
        await world.start(spec(name, 'v1', { change: { images } }));
        await world.until(name, ({ version, endedAt }) => version === 'v1' && endedAt !== undefined);
        expect(await versions(name)).toBe('v1 v1 v1 v1 v1');
        expect([await uids(name), await told(name)]).toEqual([before, '5 5 5 current goes on']);
        await clean(name, 5);
      },
    );

    it('the gray pod dies at its gate: another one is born old, serves, and comes along', async () => {
      await deploy('dies', 4);
      await world.start(spec('dies', 'v2', { gates: approval }));
      await atGate('dies');
      const gray = [...(await world.pods('dies'))].find(([, { image }]) => image.includes(':v2'))?.[0] ?? '';
      await world.kube.remove(pods, at(gray));
      await allReady('dies', 4);
      expect(await versions('dies')).toBe('v1 v1 v1 v1');
      await approve('dies');
      expect(await ended('dies')).toMatchObject({ phase: 'succeeded' });
      expect([await versions('dies'), await told('dies')]).toEqual(['v2 v2 v2 v2', '4 4 4 current goes on']);
      await clean('dies', 4);
    });

    it('scaled in mid-release: the new pods serve at once and come along', async () => {
      await deploy('grows', 3);
      await world.start(spec('grows', 'v2', { gates: approval }));
      await atGate('grows');
      await patch('grows', { spec: { replicas: 5 } });
      await allReady('grows', 5);
      expect(await versions('grows')).toBe('v1 v1 v1 v1 v2');
      await approve('grows');
      expect(await ended('grows')).toMatchObject({ phase: 'succeeded' });
      expect([await versions('grows'), await told('grows')]).toEqual(['v2 v2 v2 v2 v2', '5 5 5 current goes on']);
      await clean('grows', 5);
    });

    it('a version that never gets ready stops at the gray pod, which goes back', async () => {
      await deploy('sick', 3);
      const before = await uids('sick');
      const strategy = { gray: { pods: 1 }, maxUnavailable: 1, readyTimeout: '5s' } as const;
      await world.start(spec('sick', 'v4-notready', { strategy }));
      expect(await ended('sick')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
      expect([await versions('sick'), await uids('sick')]).toEqual(['v1 v1 v1', before]);
      await clean('sick', 3);
      expect(await told('sick')).toBe('3 3 3 current goes on');
    });

    it('somebody lets its controller go on in mid-release: the release stands still, and goes on when it is taken over', async () => {
      await deploy('theirs', 3);
      const before = await uids('theirs');
      await world.start(spec('theirs', 'v2', { gates: approval }));
      await atGate('theirs');
      await patch('theirs', { spec: { updateStrategy: { paused: false } } });
      await approve('theirs');
      const held = await world.until('theirs', ({ phase }) => phase === 'held');
      expect(held.text).toContain(
        'Somebody set the update strategy of cloneset/theirs to one that is not paused in mid-release',
      );
      await world.sluice.send(world.target('theirs'), 'takeOver', { by: 'bob' });
      expect(await ended('theirs')).toMatchObject({ phase: 'succeeded' });
      expect([await versions('theirs'), await uids('theirs')]).toEqual(['v2 v2 v2', before]);
      await clean('theirs', 3);
      expect(await told('theirs')).toBe('3 3 3 current goes on');
    });

    describe('is refused at the plan', () => {
      const plan = (name: string) => world.sluice.plan(validateSpec(spec(name, 'v2')));

      it.each([
        ['a partition', { updateStrategy: { partition: '40%' } }, /has the partition 40%/],
        [
          'a hook',
          { lifecycle: { inPlaceUpdate: { labelsHandler: { 'example.org/registered': 'true' } } } },
          /has the hook/,
        ],
      ])('%s', async (what, changed, message) => {
        const name = what.replaceAll(/\W/g, '');
        await deploy(name, 1);
        await patch(name, { spec: changed });
        await expect(plan(name)).rejects.toMatchObject({
          code: 'WORKLOAD_UNFIT',
          message: expect.stringMatching(message),
        });
      });

      it('where the cluster has no CloneSets', async () => {
        const elsewhere = { ...cloneSets, version: 'v9' };
        expect(await workloadNotFound(world.kube, elsewhere, world.target('shop'))).toMatchObject({
          code: 'WORKLOAD_NOT_FOUND',
          message: 'The cluster has no clonesets.apps.kruise.io/v9: the CRD of cloneset is not installed.',
        });
      });
    });

    it('the endpoint controller is waited for, which hears of pods by another watch than Kruise', async () => {
      const name = 'behind';
      await deploy(name, 3);
      const holder = holderOf(releaseId(world.target(name)), 'run-1');
      const held = { target: world.target(name), uid: (await cloneSet(name)).metadata.uid, holder };
      const opened = { ...held, through: [{ service: name }] };
      const behind = deaf(world.kube, `sluice-${held.uid}`);
      const worker = activitiesOf(behind.kube, { createTraffic });
      const selector = async () => (await world.kube.get(services, at(name))).spec.selector;
      const serving = async () =>
        [...(await world.pods(name)).values()].filter(({ labels }) => labels[marks.serving] === 'true').length;
      await attempt(worker, 'acquire', { ...held, from: {} });
      const opening = attempt(worker, 'openTraffic', opened);
      await until(async () => (await serving()) === 3);
      await until(async () => (await cloneSet(name)).status?.updatedReplicas === 3);
      const times = behind.asked() + 3;
      await until(async () => behind.asked() >= times);
      expect(await selector()).toEqual({ app: name });
      behind.hear();
      await opening;
      expect(await selector()).toEqual({ app: name, [marks.serving]: 'true' });
      expect(await callable(name)).toBe(3);
      const observed = await createCloneSet(world.kube, new AbortController().signal).observe(held.target);
      expect(await findingsOf(world.kube, held.target, observed)).toMatchObject({ services: [name] });
      await attempt(worker, 'closeTraffic', opened);
      await attempt(worker, 'release', held);
      worker.close();
      await clean(name, 3);
      const { items } = await world.kube.list(services, { namespace: world.namespace });
      expect(items.filter((one) => one.metadata.name.startsWith('sluice-'))).toEqual([]);
    });

    it('a native update under way is waited for: it names the pods that are behind', async () => {
      await deploy('moves', 3);
      await patch('moves', { spec: { updateStrategy: { paused: true } } });
      const template = { metadata: { annotations: { by: 'somebody' } } };
      await patch('moves', { spec: { template } });
      await until(async () => (await cloneSet('moves')).status?.updatedReplicas === 0);
      await world.start(spec('moves', 'v2'));
      const { failure } = await ended('moves');
      expect(failure).toMatchObject({
        code: 'WORKLOAD_BUSY',
        text: expect.stringContaining('are of an older revision'),
      });
      expect((await cloneSet('moves')).spec.updateStrategy?.paused).toBe(true);
      const { items } = await world.kube.list(controllerRevisions, {
        namespace: world.namespace,
        labelSelector: 'app=moves',
      });
      expect(items).toHaveLength(2);
    });
  },
);
