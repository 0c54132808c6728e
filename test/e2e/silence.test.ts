import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTo, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { connect } from '../../activities/kubernetes/connection.ts';
import { exec } from '../../activities/kubernetes/exec.ts';
import { loadKubeConfig } from '../../activities/kubernetes/kubeConfig.ts';
import { isReady } from '../../activities/kubernetes/podState.ts';
import { pods } from '../../activities/kubernetes/resources.ts';
import type { Pod } from '../../activities/kubernetes/wire.ts';
import { createLook } from '../../activities/traffic/look.ts';
import type { Sight } from '../../activities/traffic/sight.ts';
import { type SampleTag, sampleImage, sampleManifests } from '../../local/sample.ts';
import { appOf, eventually } from '../kwok/activities/fixtures.ts';
import { type Release, readyIn, refs, releaseOf } from '../kwok/traffic/support.ts';
import { openKubectl } from '../support/kubectl.ts';

/** Silence on a real kubelet: real containers, real connections, real probes (once a second here). */

const stack = inject('kubelet');
const namespace = `silence-${process.pid}`;
const kubectl = openKubectl(stack.kubectl, stack.environment.KUBECONFIG, namespace);
const kube = connect(loadKubeConfig({ kubeconfig: stack.environment.KUBECONFIG }));
const world = { kube, namespace, close: () => kube.close() };
const app = appOf(kube, { cluster: 'local', namespace, kind: 'deployment', name: 'sample' });
const image = (tag: SampleTag): string => sampleImage(tag, stack.registry);
const { signal } = new AbortController();
let release: Release;
/** Of pods that need not be drained: nobody finds them through a Service. */
let unserved: Release;

beforeAll(async () => {
  await kubectl.run('create', 'namespace', namespace);
  const { service, deployment } = sampleManifests({
    image: image('v1'),
    runtime: 'containerd',
    namespace,
    replicas: 2,
  });
  await kubectl.apply(service, deployment);
  await app.settled();
  release = await releaseOf(world, app, [{ service: 'sample' }]);
  await release.open();
  await release.prepare(await refs(app));
  unserved = await releaseOf(world, app, []);
});
afterAll(async () => {
  await kubectl.run('delete', 'namespace', namespace, '--wait=false');
  await kube.close();
});

const held: Socket[] = [];
afterEach(() => {
  for (const socket of held.splice(0)) socket.destroy();
});

/** A connection to the pod as a client with keep-alive has one: open, and nothing on its way. */
async function call(pod: Pod): Promise<Socket> {
  const socket = connectTo(8080, pod.status?.podIP ?? '');
  held.push(socket);
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nHost: sample\r\n\r\n');
  await once(socket, 'data');
  return socket;
}

async function first(): Promise<Pod> {
  const [pod] = (await app.pods()).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  if (pod === undefined) throw new Error('there is no pod');
  return pod;
}

const refOf = ({ metadata: { name, uid } }: Pod) => ({ name, uid });

async function startPod(name: string, spec: object): Promise<Pod> {
  await kubectl.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { terminationGracePeriodSeconds: 0, nodeSelector: { 'sluice.dev/fleet': 'containerd' }, ...spec },
  });
  return eventually(async () => {
    const pod = await kube.get(pods, { namespace, name });
    return isReady(pod) && pod;
  });
}

const ports = [{ containerPort: 8080 }];

describe('silence', () => {
  it('comes although the kubelet probes, and not before the quiet time', async () => {
    const since = new Date();
    const traffic = { quietMs: 2_500, maxDrainMs: 20_000 };
    let answer = await unserved.stage('silence', [refOf(await first())], { since: since.toISOString(), traffic });
    while (answer.later.length > 0) {
      answer = await unserved.stage('silence', [refOf(await first())], { since: since.toISOString(), traffic });
    }
    expect(answer).toEqual({ done: [(await first()).metadata.name], failed: [], later: [], gone: [] });
    expect(Date.now() - since.getTime()).toBeGreaterThanOrEqual(2_500);
  });

  it('waits for a connection that is kept open without a request, and for its pod only', async () => {
    const list = await refs(app);
    const busy = await first();
    const socket = await call(busy);
    const since = new Date().toISOString();
    const stage = () => unserved.stage('silence', list, { since, traffic: { quietMs: 0, maxDrainMs: 60_000 } });
    const others = list.filter(({ uid }) => uid !== busy.metadata.uid).map(({ name }) => name);
    expect(await stage()).toMatchObject({ done: others, later: [busy.metadata.name], failed: [] });
    socket.destroy();
    await eventually(async () => (await stage()).done.includes(busy.metadata.name));
  });

  it('tells which pod is still connected while it is waited for', async () => {
    const pod = await first();
    await startPod('caller', { containers: [{ name: 'app', image: image('v1'), command: ['sleep', '3600'] }] });
    const address = pod.status?.podIP ?? '';
    const caller = spawn(stack.kubectl, [...kubectl.connection, 'exec', '-i', 'caller', '--', 'nc', address, '8080']);
    try {
      const text = await eventually(async () => {
        const traffic = { quietMs: 0, maxDrainMs: 60_000 };
        const { waits = [] } = await unserved.stage('silence', [refOf(pod)], { traffic });
        return waits[0]?.text;
      });
      // A probe of its kubelet may be there at the same moment.
      expect(text).toMatch(/^\d connections? left: 1 from [0-9.]+ \(pod caller\).* seen for \d+s \(/);
    } finally {
      caller.stdin.end();
      caller.kill();
    }
    await kubectl.run('delete', 'pod', 'caller', '--grace-period=0');
  });

  it('that does not come stops the release: the pod goes back into traffic, with the caller named', async () => {
    const pod = await first();
    const ref = refOf(pod);
    const socket = await call(pod);
    expect(await release.stage('drain', [ref])).toMatchObject({ done: [ref.name] });
    await eventually(async () => !(await readyIn(world, 'sample')).has(ref.uid));
    const { failed } = await release.stage('silence', [ref], { traffic: { quietMs: 500, maxDrainMs: 1_500 } });
    expect(failed).toMatchObject([{ pod: ref.name, code: 'DRAIN_TIMEOUT' }]);
    expect(failed[0]?.reason).toContain(`:${socket.localPort} to port 8080`);
    expect((await readyIn(world, 'sample')).has(ref.uid)).toBe(true);
  });
});

describe('a look', () => {
  const look = async (pod: Pod): Promise<Sight> => createLook()(kube, pod, signal);

  it('at an image without cat proves nothing', async () => {
    const pod = await startPod('bare', { containers: [{ name: 'app', image: image('v1-bare'), ports }] });
    expect(await look(pod)).toEqual({ kind: 'unprovable', reason: 'no container of it can run cat (app)' });
  });

  it('at an image without cat sees through a sidecar that has one', async () => {
    const sidecar = { name: 'helper', image: image('v1'), command: ['sleep', '3600'] };
    const containers = [{ name: 'app', image: image('v1-bare'), ports }, sidecar];
    const pod = await startPod('helped', { containers });
    const socket = await call(pod);
    const sight = await look(pod);
    expect(sight).toMatchObject({ kind: 'seen', callers: [{ port: 8080 }] });
    expect(JSON.stringify(sight)).toContain(`:${socket.localPort}"`);
  });

  it('tells what comes from the node, as probes and callers behind a SNAT do', async () => {
    const onNode = await startPod('on-node', {
      hostNetwork: true,
      containers: [{ name: 'app', image: image('v1'), command: ['sleep', '3600'] }],
    });
    const pod = await first();
    const caller = spawn(stack.kubectl, [
      ...kubectl.connection,
      'exec',
      '-i',
      'on-node',
      '--',
      'nc',
      pod.status?.podIP ?? '',
      '8080',
    ]);
    try {
      const sight = await eventually(async () => {
        const seen = await look(pod);
        return seen.kind === 'seen' && seen.fromNode.length > 0 && seen;
      });
      expect(sight.callers).toEqual([]);
      // It stays, so it counts: two looks in a row have it.
      const stage = () => release.stage('silence', [refOf(pod)], { traffic: { quietMs: 0, maxDrainMs: 700 } });
      expect(await stage()).toMatchObject({ failed: [{ code: 'DRAIN_TIMEOUT' }] });
    } finally {
      caller.stdin.end();
      caller.kill();
    }
    // It shares the network of its node and declares no port.
    expect(await look(onNode)).toMatchObject({ kind: 'unprovable' });
  });

  it('at a pod that is gone says so', async () => {
    const pod = await first();
    const gone = { ...pod, metadata: { ...pod.metadata, name: 'nobody' } };
    expect(await look(gone)).toEqual({ kind: 'gone' });
  });
});

describe('exec', () => {
  it('answers with output and exit code, and never hangs', async () => {
    const at = { namespace, pod: (await first()).metadata.name, container: 'app' };
    const options = { timeoutMs: 10_000, signal };
    expect(await exec(kube, at, ['sh', '-c', 'echo out; echo err >&2; exit 3'], options)).toEqual({
      kind: 'ended',
      exitCode: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    const long = await exec(kube, at, ['seq', '1', '100000'], options);
    expect(long.kind === 'ended' && long.stdout.endsWith('\n99999\n100000\n')).toBe(true);
    expect(await exec(kube, at, ['/no/such/program'], options)).toMatchObject({ kind: 'cannotRun' });
    expect(await exec(kube, { ...at, container: 'nobody' }, ['true'], options)).toMatchObject({
      kind: 'refused',
      status: 400,
    });
    expect(await exec(kube, at, ['sleep', '5'], { timeoutMs: 300, signal })).toEqual({
      kind: 'unreached',
      reason: 'no answer within 300 ms',
      late: true,
    });
    const activity = new AbortController();
    const running = exec(kube, at, ['sleep', '5'], { timeoutMs: 10_000, signal: activity.signal });
    activity.abort(new Error('cancelled'));
    await expect(running).rejects.toThrow('cancelled');
  });
});
