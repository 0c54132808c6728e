import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { deployments } from '../../activities/kubernetes/resources.ts';
import { sampleImage } from '../../local/sample.ts';
import { batchId, releaseId } from '../../workflows/contract/names.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { hasComeTo } from '../durability/points.ts';
import { type KillPoint, openWorld, type PodFacts, until, type World } from '../support/world.ts';

/** Containers that change one after another: real Temporal, API server, controllers and worker. */

let world: World;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-order-'));
  world = await openWorld(inject('stack').stateDir);
});
afterAll(async () => {
  await world?.close();
  await rm(directory, { recursive: true });
});

const [v1, v2] = [sampleImage('v1'), sampleImage('v2')];
const deploy = (name: string, replicas: number): Promise<void> =>
  world.deploy({ name, image: v1, proxy: v1, runtime: 'kwok', replicas });
const spec = (name: string, change: Partial<ReleaseSpecInput> = {}): ReleaseSpecInput =>
  world.spec(name, v2, {
    // Not in the order of the template, which stays as it is.
    change: { images: { proxy: v2, app: v2 }, order: ['proxy'] },
    traffic: { through: [{ service: name }], quiet: '0s' },
    ...change,
  });
const ended = (name: string) => world.until(name, ({ endedAt }) => endedAt !== undefined);

/** Both containers run `image` and were restarted so often; seconds by which the app was started after the proxy. */
function secondsBetween({ containers }: PodFacts, image: string, restarts: number): number {
  const { app, proxy } = containers;
  expect([app, proxy]).toEqual(
    Array.from({ length: 2 }, () => ({ image, restarts, startedAt: expect.stringMatching(/^2/) })),
  );
  return (Date.parse(app?.startedAt ?? '') - Date.parse(proxy?.startedAt ?? '')) / 1000;
}

/** What the activities of a batch were called, in the order in which they were scheduled. */
async function summaries(workflowId: string): Promise<readonly string[]> {
  const { events } = await world.client.workflow.getHandle(workflowId).fetchHistory();
  const { payloadConverter } = world.client.options.loadedDataConverter;
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled, userMetadata }) =>
    scheduled && userMetadata?.summary ? [payloadConverter.fromPayload<string>(userMetadata.summary)] : [],
  );
}

it('each pod changes one container, and the next when that is well; the rollback goes the other way', async () => {
  const worker = await world.worker();
  await deploy('two', 3);
  await world.start(spec('two', { gates: { afterGray: { approval: {} } } }));
  const { batches, plan, run } = await world.until('two', ({ waiting }) => waiting?.for === 'approval');
  expect(plan?.change.order).toEqual([['proxy'], ['app']]);
  const gray = batches[0]?.pods[0]?.name ?? '';
  const once = (await world.pods('two')).get(gray);
  expect(secondsBetween(once ?? fail(), v2, 1)).toBeGreaterThanOrEqual(1);
  const said = await summaries(batches[0]?.workflow ?? '');
  expect(said).toContain(`patch gray: ${gray} (app)`);

  await world.sluice.send(world.target('two'), 'rollback', { by: 'bob', reason: 'not today' });
  expect(await ended('two')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
  for (const [name, facts] of await world.pods('two')) {
    expect(secondsBetween(facts, v1, name === gray ? 2 : 0)).toBeLessThanOrEqual(0);
  }
  const undo = batchId(releaseId(world.target('two')), run, 'undo');
  expect(await summaries(undo)).toContain(`patch undo: ${gray} (proxy)`);
  expect(await world.traces('two')).toEqual([]);
  await worker.stop();
});

it('the second container fails: both go back, the second one first', async () => {
  const worker = await world.worker();
  await deploy('second', 3);
  const images = { app: sampleImage('v3-crash'), proxy: v2 };
  await world.start(spec('second', { change: { images, order: ['proxy', 'app'] } }));
  const { run, failure, batches, ...rest } = await ended('second');
  expect(rest).toMatchObject({ phase: 'rolledBack', notUndone: [] });
  expect(failure?.text).toMatch(/app: (CrashLoopBackOff|it exited)/);
  const gray = batches[0]?.pods[0]?.name ?? '';
  for (const [name, { containers, ready }] of await world.pods('second')) {
    expect([ready, containers['app']?.image, containers['proxy']?.image]).toEqual([true, v1, v1]);
    expect(containers['proxy']?.restarts).toBe(name === gray ? 2 : 0);
  }
  const said = await summaries(batchId(releaseId(world.target('second')), run, 'undo'));
  expect(said.findLast((summary) => summary.startsWith('patch '))).toBe(`patch undo: ${gray} (proxy)`);
  await worker.stop();
});

it('its worker is killed between the two containers, before the second one’s write and after it', async () => {
  const kills: Readonly<Record<string, KillPoint>> = {
    before: { point: 'patch', when: 'before', nth: 1 },
    after: { point: 'patch › patch pods: images', when: 'after', nth: 1 },
  };
  const names = Object.keys(kills);
  for (const name of names) await deploy(name, 3);
  const before = new Map(await Promise.all(names.map(async (name) => [name, await world.pods(name)] as const)));
  const points = join(directory, 'points');
  const mortal = await world.worker({ points, kills });
  for (const name of names) await world.start(spec(name));
  for (const [name, point] of Object.entries(kills)) await until(() => hasComeTo(points, name, point), 120_000);
  await mortal.kill();
  const next = await world.worker();
  for (const name of names) {
    expect(await ended(name)).toMatchObject({ phase: 'succeeded', progress: { total: 3, done: 3 } });
    const { spec: now } = await world.kube.get(deployments, { namespace: world.namespace, name });
    expect(now.template.spec?.containers.map((container) => container.name)).toEqual(['app', 'proxy']);
    for (const [pod, facts] of await world.pods(name)) {
      expect(facts.uid).toBe(before.get(name)?.get(pod)?.uid);
      expect(secondsBetween(facts, v2, 1)).toBeGreaterThanOrEqual(1);
    }
    expect(await world.traces(name)).toEqual([]);
  }
  await next.stop();
});

const fail = (): never => {
  throw new Error('its gray pod is gone');
};
