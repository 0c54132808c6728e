import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pods } from '../../activities/kubernetes/resources.ts';
import { sampleImage } from '../../local/sample.ts';
import type { KindName } from '../../workflows/contract/kinds.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { startLoad } from '../support/load.ts';
import { openWorld, type World } from '../support/world.ts';

/** Kinds that have several pods on one node. */
const kinds: readonly KindName[] = ['deployment', 'statefulset'];

/** Pods that are made anew, under load: what natively loses requests, as pods go while callers still know them. */
describe.each(kinds)('Recreate of a %s on a real kubelet', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(inject('kubelet').stateDir, {}, kind);
    await world.worker();
  });
  afterAll(() => world?.close());

  const image = () => sampleImage('v1', world.env['SLUICE_REGISTRY']);
  const kubectl = (...args: string[]): string =>
    execFileSync(inject('kubelet').kubectl, ['-n', world.namespace, ...args], {
      env: { ...process.env, ...world.env },
      encoding: 'utf8',
    });
  const load = (service: string) =>
    startLoad({ kube: world.kube, namespace: world.namespace, service, rate: 100, keepAlive: false });
  const withLevel = (name: string, change: Partial<ReleaseSpecInput> = {}): ReleaseSpecInput => ({
    ...world.spec(name, image(), {
      traffic: { through: [{ service: name }], quiet: '250ms', maxDrain: '20s' },
      checks: [{ http: { path: '/' } }],
    }),
    change: { template: { spec: { containers: [{ name: 'app', env: [{ name: 'LEVEL', value: 'debug' }] }] } } },
    ...change,
  });
  const levels = async (name: string): Promise<string> => {
    const { items } = await world.kube.list(pods, { namespace: world.namespace, labelSelector: `app=${name}` });
    const live = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const level = (env: readonly { readonly name: string; readonly value?: string }[] = []) =>
      env.find(({ name: key }) => key === 'LEVEL')?.value ?? '-';
    return live
      .map(({ spec }) => level(spec.containers[0]?.env))
      .toSorted()
      .join(' ');
  };

  const uids = async (name: string): Promise<readonly string[]> =>
    [...(await world.pods(name)).values()].map(({ uid }) => uid).toSorted();

  it('an env changes under load: 0 failed requests, every pod made anew once, native history and undo', async () => {
    const name = 'shop';
    await world.deploy({ name, image: image(), runtime: 'containerd', replicas: 4 });
    const before = new Set(await uids(name));
    const callers = await load(name);
    await world.start(withLevel(name));
    const ended = await world.until(name, (status) => status.endedAt !== undefined);
    const result = await callers.stop();
    expect(ended).toMatchObject({ phase: 'succeeded', progress: { total: 4, done: 4, failed: 0 } });
    expect(result.failed).toEqual([]);
    expect(await levels(name)).toBe('debug debug debug debug');
    const after = await uids(name);
    expect(after.filter((uid) => before.has(uid))).toEqual([]);
    expect(kubectl('rollout', 'status', `${kind}/${name}`, '--timeout=20s')).toMatch(
      /successfully rolled out|complete/,
    );
    expect(await uids(name)).toEqual(after);
    const history = kubectl('rollout', 'history', `${kind}/${name}`);
    expect(history).toMatch(/^1 [\s\S]*^2 +sluice: /m);
    expect(history).not.toMatch(/^3 /m);
    expect(await world.traces(name)).toEqual([]);

    kubectl('rollout', 'undo', `${kind}/${name}`);
    kubectl('rollout', 'status', `${kind}/${name}`, '--timeout=120s');
    expect(await levels(name)).toBe('- - - -');
  });

  it('a rollback in the middle of a batch under load: the old template again, 0 failed requests', async () => {
    const name = 'back';
    await world.deploy({ name, image: image(), runtime: 'containerd', replicas: 4 });
    const callers = await load(name);
    await world.start(withLevel(name));
    await world.until(name, (status) => status.batches[1]?.state === 'running');
    await world.sluice.send(world.target(name), 'rollback', { by: 'carol', reason: 'customers complain' });
    const ended = await world.until(name, (status) => status.endedAt !== undefined);
    const result = await callers.stop();
    expect(ended).toMatchObject({ phase: 'rolledBack', notUndone: [] });
    expect(result.failed).toEqual([]);
    expect(await levels(name)).toBe('- - - -');
    expect(await world.traces(name)).toEqual([]);
  });
});
