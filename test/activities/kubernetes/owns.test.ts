import { expect, it } from 'vitest';
import { createDeployment } from '../../../activities/kubernetes/deployment.ts';
import type { Connection } from '../../../activities/kubernetes/types.ts';
import { marks } from '../../../workflows/contract/names.ts';
import { podOf } from './pods.ts';

const workload = createDeployment({} as Connection, new AbortController().signal);
const shop = { cluster: 'local', namespace: 'shop', kind: 'deployment', name: 'shop' };

it.each<[string, string, Record<string, string>, boolean]>([
  ['its own', 'shop-5d9c7b8f4', { 'pod-template-hash': '5d9c7b8f4' }, true],
  ['one that was set apart', 'shop-5d9c7b8f4', { [marks.apart]: '5d9c7b8f4' }, true],
  ['of a Deployment whose name begins alike', 'shop-worker-5d9c7b8f4', { 'pod-template-hash': '5d9c7b8f4' }, false],
  ['of a bare ReplicaSet whose name begins alike', 'shop-worker', {}, false],
])('whether a pod is of the Deployment: %s', (_, name, labels, expected) => {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: 'u', controller: true };
  const pod = podOf({ image: 'shop:v1', metadata: { labels, ownerReferences: [owner] } });
  expect(workload.owns(shop, pod)).toBe(expected);
});

it('a name so long that its ReplicaSets bear only the beginning of it', () => {
  const name = 'a'.repeat(250);
  const owner = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: `${'a'.repeat(242)}-5d9c7b8f4x`,
    uid: 'u',
    controller: true,
  };
  const labels = { 'pod-template-hash': '5d9c7b8f4x' };
  expect(workload.owns({ ...shop, name }, podOf({ image: 'a', metadata: { labels, ownerReferences: [owner] } }))).toBe(
    true,
  );
});
