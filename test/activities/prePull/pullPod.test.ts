import { describe, expect, it } from 'vitest';
import type { Pod, PodTemplate } from '../../../activities/kubernetes/wire.ts';
import { pullPod, pullPodName } from '../../../activities/prePull/pullPod.ts';

const target = { cluster: 'local', namespace: 'shop', kind: 'deployment', name: 'checkout' };
const request = {
  target,
  uid: 'uid-1',
  holder: 'release/local/shop/deployment/checkout|run-1',
  images: { app: 'r.test/app:v2', side: 'r.test/side:v2', local: 'r.test/local:v2' },
  nodes: [],
  timeoutMs: 60_000,
};
const owner = { apiVersion: 'apps/v1', kind: 'Deployment' };
const template: PodTemplate = {
  metadata: { labels: { app: 'checkout' }, annotations: { 'sidecar.istio.io/inject': 'true' } },
  spec: {
    serviceAccountName: 'puller',
    imagePullSecrets: [{ name: 'registry' }],
    containers: [
      { name: 'app', image: 'r.test/app:v1', imagePullPolicy: 'Always', env: [{ name: 'SECRET', value: 'x' }] },
      { name: 'side', image: 'r.test/side:v1', imagePullPolicy: 'IfNotPresent' },
      { name: 'local', image: 'r.test/local:v1', imagePullPolicy: 'Never' },
      { name: 'other', image: 'r.test/other:v1' },
    ],
  },
};
const made = pullPod(request, { owner, template }, 'node-1') as Pick<Pod, 'metadata' | 'spec'>;

describe('the pod that pulls', () => {
  it('has the changed containers only, with their pull policy, and nothing of what they run', () => {
    const containers = made.spec.containers.map(({ name, image, imagePullPolicy }) => [name, image, imagePullPolicy]);
    expect(containers).toEqual([
      ['app', 'r.test/app:v2', 'Always'],
      ['side', 'r.test/side:v2', 'IfNotPresent'],
    ]);
    expect(JSON.stringify(made)).not.toContain('SECRET');
  });

  it('may pull what the workload may, and do nothing else', () => {
    expect(made.spec).toMatchObject({
      serviceAccountName: 'puller',
      imagePullSecrets: [{ name: 'registry' }],
      automountServiceAccountToken: false,
      restartPolicy: 'Never',
    });
  });

  it('is on its node, and carries no label of the workload', () => {
    expect(made.spec.nodeName).toBe('node-1');
    expect(made.metadata.labels).toEqual({ 'app.kubernetes.io/managed-by': 'sluice', 'sluice.dev/pre-pull': 'uid-1' });
    expect(made.metadata.annotations).toEqual({ 'sluice.dev/release': request.holder });
  });

  it('belongs to the workload, so that nobody adopts it', () => {
    expect(made.metadata.ownerReferences).toMatchObject([{ kind: 'Deployment', uid: 'uid-1', controller: true }]);
  });
});

it('has the same name for each try of one release, another one for the next release, and a valid one', () => {
  const name = pullPodName(request, 'node-1');
  expect(pullPodName(request, 'node-1')).toBe(name);
  expect(pullPodName(request, 'node-2')).not.toBe(name);
  expect(pullPodName({ ...request, holder: 'x|run-2' }, 'node-1')).not.toBe(name);
  const long = pullPodName({ ...request, target: { ...target, name: `${'a'.repeat(39)}.b` } }, 'node-1');
  expect(long).toMatch(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
  expect(long.length).toBeLessThan(64);
});
