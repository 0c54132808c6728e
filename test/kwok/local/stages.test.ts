import { beforeEach, expect, inject, test } from 'vitest';
import { openStack } from '../../../local/open-stack.ts';
import { type Cluster, container, isReady, openCluster, podManifest } from '../support/cluster.ts';

const { stateDir } = inject('stack');
const pods = '/api/v1/namespaces/{namespace}/pods';
const image = (app: string) => ({ spec: { containers: [{ name: 'app', image: app }] } });

let cluster: Cluster;

beforeEach(async () => {
  cluster = await openCluster(stateDir);
});

/** A ready pod with containers app:v1 and side:v1. */
async function readyPod(more: Parameters<typeof podManifest>[2] = {}) {
  await cluster.create(pods, podManifest('web', { app: 'r.test/app:v1', side: 'r.test/side:v1' }, more));
  return cluster.untilPod('web', isReady);
}

test('the fleet has nodes in three zones, each for many pods', async () => {
  const call = await openStack({ stateDir });
  const { body } = await call('GET', '/api/v1/nodes');
  const { items } = body as {
    items: { metadata: { labels: Record<string, string> }; status: { allocatable: Record<string, string> } }[];
  };
  const zones = items.map(({ metadata }) => metadata.labels['topology.kubernetes.io/zone']);
  expect(zones.slice(0, 3)).toEqual(['a', 'b', 'c']);
  expect(items.every(({ metadata }) => metadata.labels['kubernetes.io/hostname'] !== undefined)).toBe(true);
  expect(items.every(({ status }) => Number(status.allocatable['pods']) >= 200)).toBe(true);
});

test('in place: an image change gives that container a new id, image and restart, and nothing else', async () => {
  const before = await readyPod();
  await cluster.patchPod('web', image('r.test/app:v2'));
  const after = await cluster.untilPod('web', (pod) => container(pod, 'app').image === 'r.test/app:v2' && isReady(pod));
  expect(container(after, 'app').restartCount).toBe(1);
  expect(container(after, 'app').containerID).not.toBe(container(before, 'app').containerID);
  expect(container(after, 'app').imageID).not.toBe(container(before, 'app').imageID);
  expect(container(after, 'app').lastState?.terminated?.containerID).toBe(container(before, 'app').containerID);
  expect(container(after, 'side')).toEqual(container(before, 'side'));
  expect(after.metadata.uid).toBe(before.metadata.uid);
  expect(after.status.podIP).toBe(before.status.podIP);
  expect(after.spec.nodeName).toBe(before.spec.nodeName);
});

test('a container is not ready for as long as its pod asks', async () => {
  await readyPod({ annotations: { 'sluice.dev/kwok-ready-delay': '1500' } });
  await cluster.patchPod('web', image('r.test/app:v2'));
  const began = performance.now();
  const changed = await cluster.untilPod('web', (pod) => container(pod, 'app').image === 'r.test/app:v2');
  expect(isReady(changed)).toBe(false);
  expect(container(changed, 'app').state.running).toBeDefined();
  await cluster.untilPod('web', isReady);
  expect(performance.now() - began).toBeGreaterThan(1_300);
});

test('a tag with "crash" gives CrashLoopBackOff and a rising restartCount, beside healthy containers; a good one recovers', async () => {
  await readyPod();
  await cluster.patchPod('web', image('r.test/app:v3-crash'));
  const crashed = await cluster.untilPod(
    'web',
    (pod) => container(pod, 'app').state.waiting?.reason === 'CrashLoopBackOff',
  );
  expect(isReady(crashed)).toBe(false);
  expect(container(crashed, 'app').lastState?.terminated?.exitCode).toBe(1);
  expect(container(crashed, 'side').ready).toBe(true);
  const { restartCount } = container(crashed, 'app');
  await cluster.untilPod('web', (pod) => container(pod, 'app').restartCount > restartCount);
  await cluster.patchPod('web', image('r.test/app:v1'));
  const recovered = await cluster.untilPod('web', isReady);
  expect(container(recovered, 'app').restartCount).toBeGreaterThan(restartCount + 1);
});

test('a tag with "missing" cannot be pulled: ErrImagePull, then ImagePullBackOff; the container of before stays in the record', async () => {
  const before = await readyPod();
  await cluster.patchPod('web', image('r.test/app:missing'));
  await cluster.untilPod('web', (pod) => container(pod, 'app').state.waiting?.reason === 'ErrImagePull');
  const waiting = await cluster.untilPod(
    'web',
    (pod) => container(pod, 'app').state.waiting?.reason === 'ImagePullBackOff',
  );
  expect(isReady(waiting)).toBe(false);
  expect(container(waiting, 'app').containerID).toBe(container(before, 'app').containerID);
  expect(container(waiting, 'app').restartCount).toBe(0);
  await cluster.patchPod('web', image('r.test/app:v2'));
  const recovered = await cluster.untilPod('web', isReady);
  expect(container(recovered, 'app')).toMatchObject({ image: 'r.test/app:v2', restartCount: 1 });
});

test('a tag with "notready" runs and never gets ready; a good one recovers', async () => {
  await readyPod();
  await cluster.patchPod('web', image('r.test/app:v3-notready'));
  const running = await cluster.untilPod('web', (pod) => container(pod, 'app').image === 'r.test/app:v3-notready');
  expect(container(running, 'app').state.running).toBeDefined();
  // It would be ready with the next event; one comes for this change.
  await cluster.patchPod('web', { metadata: { labels: { touched: 'yes' } } });
  await cluster.patchPod('web', { spec: { containers: [{ name: 'side', image: 'r.test/side:v2' }] } });
  const later = await cluster.untilPod(
    'web',
    (pod) => container(pod, 'side').restartCount === 1 && container(pod, 'side').ready,
  );
  expect(container(later, 'app').ready).toBe(false);
  expect(isReady(later)).toBe(false);
  await cluster.patchPod('web', image('r.test/app:v1'));
  expect(container(await cluster.untilPod('web', isReady), 'app').restartCount).toBe(2);
});

test('pods that start with a bad image fail the same way', async () => {
  await cluster.create(pods, podManifest('crash', { app: 'r.test/app:crash' }));
  await cluster.create(pods, podManifest('missing', { app: 'r.test/app:missing' }));
  await cluster.create(pods, podManifest('notready', { app: 'r.test/app:notready' }));
  await cluster.untilPod('crash', (pod) => container(pod, 'app').state.waiting?.reason === 'CrashLoopBackOff');
  await cluster.untilPod('missing', (pod) => container(pod, 'app').state.waiting?.reason === 'ImagePullBackOff');
  const slow = await cluster.untilPod('notready', (pod) => container(pod, 'app').state.running !== undefined);
  expect(isReady(slow)).toBe(false);
});

test('a word in the name of an image is no wish: only the tag counts', async () => {
  await cluster.create(pods, podManifest('web', { app: 'r.test/crash-reporter:v1', side: 'r.test/missing/notready' }));
  const ready = await cluster.untilPod('web', isReady);
  expect(ready.status.containerStatuses?.map((status) => status.ready)).toEqual([true, true]);
});

test('Ready obeys the readiness gates, both ways, also across a change in place', async () => {
  const gate = 'sluice.dev/serving';
  await cluster.create(
    pods,
    podManifest('web', { app: 'r.test/app:v1' }, { spec: { readinessGates: [{ conditionType: gate }] } }),
  );
  const closed = await cluster.untilPod('web', (pod) => container(pod, 'app').ready);
  expect(isReady(closed)).toBe(false);
  const set = (status: string) =>
    cluster.patchPod('web', { status: { conditions: [{ type: gate, status }] } }, 'status');
  await set('True');
  await cluster.untilPod('web', isReady);
  await set('False');
  await cluster.untilPod('web', (pod) => !isReady(pod));
  await cluster.patchPod('web', image('r.test/app:v2'));
  const changed = await cluster.untilPod(
    'web',
    (pod) => container(pod, 'app').restartCount === 1 && container(pod, 'app').ready,
  );
  expect(isReady(changed)).toBe(false);
  await set('True');
  expect(container(await cluster.untilPod('web', isReady), 'app').restartCount).toBe(1);
});

test('pods of a Job end by themselves; with a crash tag they fail', async () => {
  const job = (name: string, tag: string) => ({
    metadata: { name },
    spec: {
      backoffLimit: 0,
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: `r.test/app:${tag}` }] } },
    },
  });
  await cluster.create('/apis/batch/v1/namespaces/{namespace}/jobs', job('good', 'v1'));
  await cluster.create('/apis/batch/v1/namespaces/{namespace}/jobs', job('bad', 'crash'));
  await expect
    .poll(async () => (await cluster.pods()).map(({ status }) => status.phase).toSorted(), { timeout: 90_000 })
    .toEqual(['Failed', 'Succeeded']);
});
