import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { deployments, pods } from '../../activities/kubernetes/resources.ts';
import { sampleImage } from '../../local/sample.ts';
import { marks } from '../../workflows/contract/names.ts';
import { openWorld, type World } from '../support/world.ts';

/** Whole releases: the worker is a process of its own, Temporal and the API server are the real ones. */

let world: World;

beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir);
});
afterAll(() => world.close());

/** Tags with words that kwok obeys: local/assets/kwok-stages.yaml. */
const image = (tag: string): string => sampleImage('v2').replace('v2', tag);
const deploy = (name: string) => world.deploy({ name, image: image('v1'), runtime: 'kwok', replicas: 4 });
const release = (name: string, tag: string) => world.start(world.spec(name, image(tag)));
const ended = (name: string) => world.until(name, ({ endedAt }) => endedAt !== undefined);

/** The pods that pull now, for any workload of this world. */
const pulling = async (): Promise<readonly string[]> => {
  const { items } = await world.kube.list(pods, { namespace: world.namespace, labelSelector: marks.prePull });
  return items.map(({ metadata }) => metadata.name);
};

/** What a release would write: the Deployment's spec and marks, its pods. */
async function facts(name: string): Promise<unknown> {
  const { metadata } = await world.kube.get(deployments, { namespace: world.namespace, name });
  const { generation, annotations, labels } = metadata;
  return { generation, annotations, labels, pods: [...(await world.pods(name))] };
}

describe('the pull before a release', () => {
  it('is through before the workload is touched, and leaves no pod behind', async () => {
    await world.worker();
    await deploy('pulled');
    await release('pulled', 'v2');
    const status = await ended('pulled');
    expect(status).toMatchObject({ phase: 'succeeded', notUndone: [] });
    const log = status.log.map(({ text }) => text);
    const at = log.findIndex((text) => /^Pulled v2 on \d nodes? in /.test(text));
    expect(at).toBeGreaterThanOrEqual(0);
    expect(at).toBeLessThan(log.findIndex((text) => text.startsWith('gray: ')));
    expect(await pulling()).toEqual([]);
    expect(await world.traces('pulled')).toEqual([]);
  });

  it('an image that cannot be had stops the release, and the workload is untouched', async () => {
    await deploy('absent');
    const before = await facts('absent');
    await release('absent', 'v9-missing');
    expect(await ended('absent')).toMatchObject({
      phase: 'failed',
      failure: { code: 'IMAGE_PULL_FAILED', text: expect.stringContaining('not found') },
      progress: { done: 0, failed: 0 },
    });
    expect(await facts('absent')).toEqual(before);
    expect(await pulling()).toEqual([]);
  });

  it('a rollback wins over it: nothing is touched, nothing stays', async () => {
    await deploy('undone');
    const before = await facts('undone');
    await release('undone', 'v3-slowpull');
    await world.until('undone', ({ phase }) => phase === 'pulling');
    await world.sluice.send(world.target('undone'), 'rollback', { by: 'carol', reason: 'not today' });
    expect(await ended('undone')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(await facts('undone')).toEqual(before);
    expect(await pulling()).toEqual([]);
  });
});

describe('a worker that is killed while it pulls', () => {
  it('SIGKILL and restart: the next one finds the pods, goes on, and cleans up', async () => {
    const other = await openWorld(inject('stack').stateDir);
    try {
      const first = await other.worker();
      await other.deploy({ name: 'killed', image: image('v1'), runtime: 'kwok', replicas: 4 });
      await other.start(other.spec('killed', image('v4-slowpull')));
      const where = { namespace: other.namespace, labelSelector: marks.prePull };
      const made = async () => (await other.kube.list(pods, where)).items;
      const nodes = new Set([...(await other.pods('killed')).values()].map(({ node }) => node)).size;
      await expect.poll(async () => (await made()).length, { timeout: 30_000 }).toBe(nodes);
      await first.kill();
      const uids = async () => (await made()).map(({ metadata }) => metadata.uid).toSorted();
      const before = await uids();
      await other.worker();
      const name = 'killed';
      const phase = async () => (await other.sluice.status(other.target(name))).phase;
      while ((await phase()) === 'pulling') {
        const now = await uids();
        // Deleted at the end; never another one.
        expect(before).toEqual(expect.arrayContaining(now));
        await sleep(50);
      }
      const status = await other.until(name, ({ endedAt }) => endedAt !== undefined);
      expect(status).toMatchObject({ phase: 'succeeded', notUndone: [] });
      expect(status.log.map(({ text }) => text).join('\n')).toContain('Pulled v4-slowpull on ');
      expect(await made()).toEqual([]);
    } finally {
      await other.close();
    }
  });
});
