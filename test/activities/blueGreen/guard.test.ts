import { expect, it } from 'vitest';
import { guardPair } from '../../../activities/blueGreen/guard.ts';
import { ownSetName } from '../../../activities/kubernetes/deployment/ownSet.ts';
import { holdMarks } from '../../../activities/kubernetes/holder.ts';
import { controllerRevisions, deployments } from '../../../activities/kubernetes/resources.ts';
import type { Connection } from '../../../activities/kubernetes/types.ts';
import type { Deployment, ReplicaSet } from '../../../activities/kubernetes/wire.ts';

const target = { cluster: 'c', namespace: 'shop', kind: 'deployment', name: 'web' } as const;
const held = { target, uid: 'uid', holder: 'release/web|run' };
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'app:v1' }] } };
const common = { namespace: 'shop', resourceVersion: '1' };
const trail = { paused: false, cause: null, replicaSet: 'web-blue' };
const deployment: Deployment = {
  metadata: { ...common, name: 'web', uid: 'uid', annotations: holdMarks(held.holder, trail) },
  spec: { replicas: 3, paused: true, selector: { matchLabels: { app: 'web' } }, template },
};
const setOf = (name: string, replicas: number, controller: boolean): ReplicaSet => ({
  metadata: {
    ...common,
    name,
    uid: name,
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'uid', controller }],
  },
  spec: { replicas, selector: { matchLabels: {} }, template },
});
const green = setOf(ownSetName(deployment, held.holder), 1, false);

/** An API server that has the pair; green is gone after so many looks. Answers what was written, too. */
function clusterWith(looks: number): { readonly kube: Connection; readonly writes: string[] } {
  const writes: string[] = [];
  let left = looks;
  const write = (verb: string) => async () => {
    writes.push(verb);
    return green;
  };
  const find = async (resource: unknown): Promise<unknown> => {
    if (resource === deployments) return deployment;
    if (resource === controllerRevisions) return { data: { from: template, to: template } };
    left -= 1;
    return left >= 0 ? green : undefined;
  };
  const list = async () => ({ items: [setOf('web-blue', 3, true)], resourceVersion: '1' });
  const kube = { find, get: find, list, patch: write('patch'), create: write('create'), remove: write('remove') };
  return { kube: kube as unknown as Connection, writes };
}

it('a guard scales green, and does not make it anew where the rollback takes it away between its look and its write', async () => {
  const request = { ...held, services: [], previews: [], side: 'blue' } as const;
  const how = { until: Date.now() + 60_000, signal: new AbortController().signal };
  for (const [looks, writes] of [
    [0, []],
    [1, []],
    [2, ['patch']],
  ] as const) {
    const cluster = clusterWith(looks);
    await expect(guardPair(cluster.kube, request, how)).rejects.toMatchObject({ code: 'WORKLOAD_CHANGED' });
    expect(cluster.writes).toEqual(writes);
  }
});
