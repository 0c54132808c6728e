import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { blockFile, type Node, readNode } from '../../local/containerd/node.ts';
import { processesOf } from '../../local/containerd/processes.ts';
import { down } from '../../local/down.ts';
import { environment, inspect } from '../../local/inspect.ts';
import { pathsOf } from '../../local/paths.ts';
import { until } from '../../local/process/wait.ts';
import { sampleImage, sampleManifests } from '../../local/sample.ts';
import { up } from '../../local/up.ts';
import { type Kubectl, openKubectl } from '../support/kubectl.ts';

/** A second stack beside the one of the run: up, mended, down, up again, and nothing left. The tests build on each other. */

const stateDir = mkdtempSync(join(tmpdir(), 'sluice-lifecycle-'));
const paths = pathsOf(stateDir);
const machineBefore = machine();
let kubectl: Kubectl;
let node: Node;

/** What a runtime could leave of the machine in disorder, and nobody else changes meanwhile. */
function machine() {
  return {
    iptables: execFileSync('iptables-save', { encoding: 'utf8' })
      .split('\n')
      .filter((line) => !line.startsWith('#')),
    forwarding: readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8'),
    overcommit: readFileSync('/proc/sys/vm/overcommit_memory', 'utf8'),
  };
}

/** Everything outside the state directory that carries the stack's name. */
async function traces() {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const routes = execFileSync('ip', ['route'], { encoding: 'utf8' }).split('\n');
  const hierarchies = readdirSync('/sys/fs/cgroup').map((name) => join('/sys/fs/cgroup', name));
  return {
    processes: await processesOf(node),
    mounts: mounts.filter((line) => line.includes(node.id) || line.includes(stateDir)),
    devices: readdirSync('/sys/class/net').filter((name) => name.includes(node.id)),
    routes: routes.filter((line) => line.includes(node.device)),
    cgroups: ['/sys/fs/cgroup', ...hierarchies]
      .map((root) => join(root, node.cgroup))
      .filter((path) => existsSync(path)),
    directories: [node.directory].filter((path) => existsSync(path)),
  };
}

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly uid: string };
    readonly status: {
      readonly containerStatuses?: readonly { readonly containerID: string; readonly ready: boolean }[];
    };
  }[];
}
const pods = () => kubectl.get<Pods>('pods', '--selector=app=sample');
const containers = (list: Pods) =>
  list.items.map(({ status }) => status.containerStatuses?.[0]?.containerID ?? '').toSorted();
const uids = (list: Pods) => list.items.map(({ metadata }) => metadata.uid).toSorted();
const allReady = (list: Pods) =>
  list.items.length === 2 && list.items.every(({ status }) => status.containerStatuses?.[0]?.ready === true);
const awaitReady = () => kubectl.awaitThat<Pods>(['pods', '--selector=app=sample'], allReady);

beforeAll(async () => {
  const { environment: exports } = await up({ stateDir, runtime: 'containerd' });
  kubectl = openKubectl(inject('kubelet').kubectl, exports?.KUBECONFIG ?? '', 'default');
  const found = readNode(paths);
  if (found === undefined) throw new Error('no node');
  node = found;
  const { service, deployment } = sampleManifests({
    image: sampleImage('v1', exports?.SLUICE_REGISTRY),
    runtime: 'containerd',
    replicas: 2,
  });
  await kubectl.apply(service, deployment);
  await awaitReady();
});
afterAll(async () => {
  await down({ stateDir, wipe: true });
});

it('runs beside another stack, on addresses of its own, without touching the machine', async () => {
  const other = readNode(pathsOf(inject('kubelet').stateDir));
  expect(node.addresses.all).not.toBe(other?.addresses.all);
  expect(machine().iptables).toEqual(machineBefore.iptables);
  expect(machine().forwarding).toEqual(machineBefore.forwarding);
  // These must be there while it runs, or finding none of them afterwards would say nothing.
  const empty = Object.entries(await traces()).filter(([, found]) => found.length === 0);
  expect(empty).toEqual([]);
});

it('is found by a second up', async () => {
  const before = await inspect({ stateDir });
  const steps: string[] = [];
  await up({ stateDir }, (progress) => {
    if (progress.kind === 'part') steps.push(progress.step);
  });
  expect(new Set(steps)).toEqual(new Set(['kept']));
  expect((await inspect({ stateDir })).parts).toEqual(before.parts);
});

it('refuses more nodes than it has', async () => {
  await expect(up({ stateDir, nodes: 2 })).rejects.toMatchObject({ code: 'LOCAL_UNSUPPORTED' });
});

it('is mended by up after SIGKILL of its programs, and the containers survive', async () => {
  const before = await pods();
  const victims = new Set(['kubelet', 'containerd', 'kube-proxy', 'relay', 'relay-node', 'registry']);
  for (const { name, pid } of (await inspect({ stateDir })).parts) {
    if (victims.has(name) && pid !== undefined) process.kill(pid, 'SIGKILL');
  }
  // A process needs a moment to die.
  const isDead = async () => {
    const { state, parts } = await inspect({ stateDir });
    const dead = parts.filter((part) => part.state === 'dead').map(({ name }) => name);
    return state === 'degraded' && dead.length === victims.size && dead.every((name) => victims.has(name));
  };
  expect(await until(async () => (await isDead()) || undefined, { timeoutMs: 60_000 })).toBe(true);

  expect((await up({ stateDir })).state).toBe('up');
  const after = await awaitReady();
  expect(containers(after)).toEqual(containers(before));
  const list = await kubectl.run('get', 'pods', '--output=name');
  // A kubelet that has just begun learns of its pods a moment later.
  const well = () => kubectl.run('exec', list.split('\n')[0] ?? '', '--', 'echo', 'well').catch(() => undefined);
  expect(await until(well, { timeoutMs: 60_000 })).toBe('well\n');
  const exports = await environment({ stateDir });
  const tag = await fetch(`http://${exports.SLUICE_REGISTRY ?? ''}/v2/sample/manifests/v2`);
  // The registry forgets its tags when it dies; up pushes them again.
  expect(tag.status).toBe(200);
});

it('leaves nothing behind when it is down, and remembers when it is up again', async () => {
  const before = await pods();
  const { addresses } = node;
  await down({ stateDir });
  expect(await traces()).toEqual({ processes: [], mounts: [], devices: [], routes: [], cgroups: [], directories: [] });
  expect(machine()).toEqual(machineBefore);

  await up({ stateDir });
  expect(readNode(paths)?.addresses).toEqual(addresses);
  // Like a machine that was switched off: the same pods, other containers.
  const after = await kubectl.awaitThat<Pods>(
    ['pods', '--selector=app=sample'],
    (list) => allReady(list) && containers(list).every((container) => !containers(before).includes(container)),
  );
  expect(uids(after)).toEqual(uids(before));
});

it('is forgotten by down --wipe, also when its programs were killed before', async () => {
  for (const { pid } of (await inspect({ stateDir })).parts) if (pid !== undefined) process.kill(pid, 'SIGKILL');
  await until(
    async () => ((await inspect({ stateDir })).parts.every(({ state }) => state === 'dead') ? true : undefined),
    {
      timeoutMs: 10_000,
    },
  );
  // Containers and their shims survive.
  expect(await processesOf(node)).not.toHaveLength(0);
  await down({ stateDir, wipe: true });
  expect(await traces()).toEqual({ processes: [], mounts: [], devices: [], routes: [], cgroups: [], directories: [] });
  expect(existsSync(blockFile(paths))).toBe(false);
  expect(existsSync(stateDir)).toBe(false);
});
