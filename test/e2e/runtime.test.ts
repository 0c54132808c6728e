import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { until } from '../../local/process/wait.ts';
import { missingTag, type SampleTag, sampleImage, sampleManifests } from '../../local/sample.ts';
import { openKubectl } from '../support/kubectl.ts';

/** The real kubelet does what releases stand on: containers, Services, exec, logs, port-forward, in-place image changes. */

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: { readonly nodeName: string };
  readonly status: { readonly podIP: string; readonly containerStatuses?: readonly [Container] };
}
interface Container {
  readonly ready: boolean;
  readonly restartCount: number;
  readonly imageID: string;
  readonly containerID: string;
  readonly state: { readonly waiting?: { readonly reason: string } };
  readonly lastState: { readonly terminated?: { readonly exitCode: number } };
}
interface Answer {
  readonly version: string;
  readonly pod: string;
}

const stack = inject('kubelet');
const namespace = `runtime-${process.pid}`;
const kubectl = openKubectl(stack.kubectl, stack.environment.KUBECONFIG, namespace);
const image = (tag: SampleTag | typeof missingTag) => sampleImage(tag, stack.registry);
const container = (pod: Pod): Container => {
  const [status] = pod.status.containerStatuses ?? [];
  if (status === undefined) throw new Error(`${pod.metadata.name} has no container yet`);
  return status;
};
const getPod = (name: string) => kubectl.get<Pod>('pod', name);
const ask = async (host: string, path = '/') => (await fetch(`http://${host}${path}`)).json() as Promise<Answer>;
const podNames = async () =>
  (await kubectl.get<{ items: Pod[] }>('pods', '--selector=app=sample')).items.map((pod) => pod.metadata.name);
const firstPod = async () => getPod((await podNames())[0] ?? '');

/** A pod of its own for a test that changes its image: kubelet remembers what it has started in a pod. */
async function freshPod(tag: SampleTag = 'v1'): Promise<Pod> {
  const name = `pod-${(pods += 1)}`;
  const { template } = sampleManifests({ image: image(tag), runtime: 'containerd', namespace, name }).deployment.spec;
  await kubectl.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: template.metadata.labels },
    spec: template.spec,
  });
  return kubectl.awaitThat<Pod>(['pod', name], (now) => now.status.containerStatuses?.[0].ready === true);
}
let pods = 0;

/** Changes the image of a running pod. */
const patchImage = (pod: Pod, tag: SampleTag | typeof missingTag) =>
  kubectl.run('set', 'image', `pod/${pod.metadata.name}`, `app=${image(tag)}`);
const awaitPod = (pod: Pod, judge: (now: Pod) => boolean) =>
  kubectl.awaitThat<Pod>(['pod', pod.metadata.name], judge, 40_000);
/** Ready again with another container. */
const awaitReplaced = (pod: Pod) =>
  awaitPod(pod, (now) => container(now).ready && container(now).containerID !== container(pod).containerID);

beforeAll(async () => {
  await kubectl.run('create', 'namespace', namespace);
  const { service, deployment } = sampleManifests({
    image: image('v1'),
    runtime: 'containerd',
    namespace,
    replicas: 3,
  });
  await kubectl.apply(service, deployment);
  await kubectl.run('rollout', 'status', 'deployment/sample', '--timeout=60s');
});
afterAll(async () => {
  await kubectl.run('delete', 'namespace', namespace, '--wait=false');
});

describe('a running pod', () => {
  it('is reached from this machine by its own address', async () => {
    const pod = await firstPod();
    expect(await ask(`${pod.status.podIP}:8080`)).toMatchObject({ version: 'v1', pod: pod.metadata.name });
  });

  it('shares the load of its Service with the others', async () => {
    const { spec } = await kubectl.get<{ spec: { clusterIP: string } }>('service', 'sample');
    const wanted = (await podNames()).toSorted();
    const seen = new Set<string>();
    await until(
      async () => {
        // A new connection each time: a kept one stays with its pod.
        const response = await fetch(`http://${spec.clusterIP}/`, { headers: { connection: 'close' } });
        seen.add(((await response.json()) as Answer).pod);
        return seen.size === wanted.length ? true : undefined;
      },
      { timeoutMs: 20_000, everyMs: 5 },
    );
    expect([...seen].toSorted()).toEqual(wanted);
  });

  it('reaches the API server and other Services from inside', async () => {
    const pod = await firstPod();
    const script =
      'wget -q -O- --no-check-certificate https://$KUBERNETES_SERVICE_HOST/readyz && wget -q -O- http://$SAMPLE_SERVICE_HOST/';
    const said = await kubectl.run('exec', pod.metadata.name, '--', 'sh', '-c', script);
    expect(said).toMatch(/^ok\{"version":"v1"/);
  });

  it('shows its sockets to exec', async () => {
    const table = await kubectl.run('exec', (await firstPod()).metadata.name, '--', 'cat', '/proc/net/tcp6');
    // Listening (0A) on port 8080 (1F90).
    expect(table).toMatch(/:1F90 [0:]+ 0A /);
  });

  it('shows its logs', async () => {
    const logs = await kubectl.run('logs', (await firstPod()).metadata.name);
    expect(logs).toContain('version v1: listening on :8080');
  });

  it('is reached by port-forward', async () => {
    const pod = await firstPod();
    const forward = spawn(stack.kubectl, [...kubectl.connection, 'port-forward', pod.metadata.name, ':8080'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      expect(await ask(`127.0.0.1:${await forwardedPort(forward)}`)).toMatchObject({ pod: pod.metadata.name });
    } finally {
      forward.kill();
      await once(forward, 'exit');
    }
  });
});

describe('an image changed in place', () => {
  it('restarts the container and keeps UID, address and node', async () => {
    const before = await freshPod();
    await patchImage(before, 'v2');
    const after = await awaitReplaced(before);
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.status.podIP).toBe(before.status.podIP);
    expect(after.spec.nodeName).toBe(before.spec.nodeName);
    expect(container(after).restartCount).toBe(container(before).restartCount + 1);
    expect(container(after).imageID).not.toBe(container(before).imageID);
    expect(await ask(`${after.status.podIP}:8080`)).toMatchObject({ version: 'v2', pod: before.metadata.name });
  });

  it('restarts also when the other tag is the same image', async () => {
    const before = await freshPod('v2');
    await patchImage(before, 'v2-again');
    const after = await awaitReplaced(before);
    expect(container(after).imageID).toBe(container(before).imageID);
    expect(container(after).restartCount).toBe(container(before).restartCount + 1);
  });

  it('lets a request in flight finish, and tells its caller to leave', async () => {
    const before = await freshPod();
    const answer = fetch(`http://${before.status.podIP}:8080/?delay=3s`);
    // In flight once the pod has the connection (established: 01).
    const sockets = () => kubectl.run('exec', before.metadata.name, '--', 'cat', '/proc/net/tcp6');
    await until(async () => /:1F90 \S+ 01 /.test(await sockets()) || undefined, { timeoutMs: 30_000 });
    await patchImage(before, 'v2');
    const response = await answer;
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ version: 'v1' });
    expect(response.headers.get('connection')).toBe('close');
    await awaitReplaced(before);
  });

  it.each<[SampleTag | typeof missingTag, string, (now: Container) => boolean]>([
    ['v3-crash', 'crashes', ({ state }) => state.waiting?.reason === 'CrashLoopBackOff'],
    ['v4-notready', 'runs and is not ready', ({ ready, restartCount }) => !ready && restartCount > 0],
    [missingTag, 'cannot be pulled', ({ state }) => /ErrImagePull|ImagePullBackOff/.test(state.waiting?.reason ?? '')],
  ])('to %s %s, and recovers with a good one', async (tag, _, failed) => {
    const before = await freshPod();
    await patchImage(before, tag);
    const broken = await awaitPod(before, (now) => !container(now).ready && failed(container(now)));
    await patchImage(broken, 'v2');
    const after = await awaitPod(broken, (now) => container(now).ready);
    expect(after.metadata.uid).toBe(before.metadata.uid);
  });

  it('to v5-errors is ready and answers 500', async () => {
    const before = await freshPod();
    await patchImage(before, 'v5-errors');
    const after = await awaitReplaced(before);
    expect((await fetch(`http://${after.status.podIP}:8080/`)).status).toBe(500);
  });

  it('to a bare image leaves nothing to exec', async () => {
    const before = await freshPod();
    await patchImage(before, 'v2-bare');
    const after = await awaitReplaced(before);
    expect(await ask(`${after.status.podIP}:8080`)).toMatchObject({ version: 'v2' });
    await expect(kubectl.run('exec', after.metadata.name, '--', 'cat', '/proc/net/tcp6')).rejects.toThrow(
      /executable file not found/,
    );
  });

  it('back and forth makes kubelet wait, as if it had crashed', async () => {
    let pod = await freshPod();
    // docs/decisions.md: kubelet counts per pod and image; the second start of v1 for a change is delayed.
    for (const tag of ['v2', 'v1', 'v2', 'v1'] as const) {
      await patchImage(pod, tag);
      const before = pod;
      pod = await awaitPod(
        before,
        (now) =>
          container(now).containerID !== container(before).containerID || container(now).state.waiting !== undefined,
      );
    }
    const waiting = await awaitPod(pod, (now) => container(now).state.waiting?.reason === 'CrashLoopBackOff');
    expect(container(waiting).lastState.terminated?.exitCode).toBe(0);
    const after = await awaitPod(pod, (now) => container(now).ready);
    expect(await ask(`${after.status.podIP}:8080`)).toMatchObject({ version: 'v1' });
  });
});

/** The number in "Forwarding from 127.0.0.1:<port> -> 8080". */
async function forwardedPort(forward: ChildProcess): Promise<number> {
  if (forward.stdout === null) throw new Error('no output');
  for await (const line of readline.createInterface({ input: forward.stdout })) {
    const port = /127\.0\.0\.1:(\d+) ->/.exec(line)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error('kubectl port-forward ended');
}
