import { exec } from '../kubernetes/exec.ts';
import { nodes } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { Access } from '../ports.ts';
import { gateways, hasSocketTable, type Inbound, inboundConnections } from './sockets.ts';

/**
 * - `seen`: who is connected.
 * - `unprovable`: nobody can look into this pod; asking again will not help.
 * - `failed`: this look failed; the next may not.
 */
export type Sight =
  | { readonly kind: 'seen'; readonly callers: readonly Inbound[]; readonly fromNode: readonly Inbound[] }
  | { readonly kind: 'unprovable'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'gone' };

export type Look = (kube: Connection, pod: Pod, signal: AbortSignal) => Promise<Sight>;

/** The exec websocket is a GET; from Kubernetes 1.35 on the server asks for `create` as well. */
export const lookAccess: readonly Access[] = [
  { group: '', resource: 'pods/exec', verb: 'get' },
  { group: '', resource: 'pods/exec', verb: 'create' },
];

/** Measured: 0.1 s on an idle node. */
const lookTimeoutMs = 5_000;
const nodeMemoryMs = 60_000;

const tables = ['/proc/net/tcp', '/proc/net/tcp6', '/proc/net/route'] as const;

/** Remembers which containers have no `cat` and which nodes have no kubelet; one for the life of a worker. */
export function createLook(): Look {
  const withoutCat = new Map<string, string>();
  const fakeNodes = new Map<string, number>();

  const isFake = async (kube: Connection, node: string): Promise<boolean> => {
    if (Date.now() - (fakeNodes.get(node) ?? Number.NEGATIVE_INFINITY) < nodeMemoryMs) return true;
    // Every kubelet announces its port; a node without one (kwok) has nobody who could exec.
    const listed = await kube.list(nodes, { fieldSelector: `metadata.name=${node}` }).catch(() => undefined);
    const found = listed?.items[0];
    const fake = found !== undefined && !found.status?.daemonEndpoints?.kubeletEndpoint?.Port;
    if (fake) fakeNodes.set(node, Date.now());
    return fake;
  };

  return async (kube, pod, signal) => {
    const ports = pod.spec.hostNetwork ? declaredPorts(pod) : undefined;
    if (ports?.size === 0) {
      return unprovable('it shares the network of its node and declares no port');
    }
    const node = pod.spec.nodeName ?? '';
    const noKubelet = unprovable(`node ${node} has no kubelet to look through`);
    if (fakeNodes.has(node) && (await isFake(kube, node))) return noKubelet;
    const running = runningContainers(pod);
    // Without a running container nothing listens. All containers share the network, so any of them can look.
    if (running.length === 0) return { kind: 'seen', callers: [], fromNode: [] };
    for (const container of running.filter(({ id }) => !withoutCat.has(id))) {
      const at = { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name, container: container.name };
      const answer = await exec(kube, at, ['cat', ...tables], { timeoutMs: lookTimeoutMs, signal });
      switch (answer.kind) {
        case 'ended':
          return sightOf(pod, ports, answer.stdout, answer.stderr);
        case 'cannotRun':
          if (withoutCat.size > 10_000) withoutCat.clear();
          withoutCat.set(container.id, answer.reason);
          break;
        case 'refused':
          if (answer.status === 404) return { kind: 'gone' };
          return unprovable(
            answer.status === 403 ? 'the worker may not exec into pods' : `exec is refused: ${answer.reason}`,
          );
        case 'unreached':
          return (await isFake(kube, node)) ? noKubelet : { kind: 'failed', reason: answer.reason };
      }
    }
    return unprovable(`no container of it can run cat (${running.map(({ name }) => name).join(', ')})`);
  };
}

const unprovable = (reason: string): Sight => ({ kind: 'unprovable', reason });

function sightOf(pod: Pod, ports: ReadonlySet<number> | undefined, stdout: string, stderr: string): Sight {
  // cat goes on after a file that is missing (IPv6 may be off); the last table shows that nothing was cut off.
  if (!hasSocketTable(stdout) || !/^Iface\s/m.test(stdout)) {
    return { kind: 'failed', reason: `the socket table is incomplete: ${stderr.trim() || 'no output'}` };
  }
  const own = pod.spec.hostNetwork ? new Set<string>() : addressesOf(pod.status?.podIP, pod.status?.podIPs);
  const node = new Set([...addressesOf(pod.status?.hostIP, pod.status?.hostIPs), ...gateways(stdout)]);
  const inbound = inboundConnections(stdout)
    .filter(({ port }) => ports === undefined || ports.has(port))
    // Inside the pod everyone may talk to everyone (a proxy, a connection pool): they are not callers.
    .filter(({ address }) => pod.spec.hostNetwork || !(isLoopback(address) || own.has(address)));
  return {
    kind: 'seen',
    callers: inbound.filter(({ address }) => !node.has(address)),
    fromNode: inbound.filter(({ address }) => node.has(address)),
  };
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';

const addressesOf = (first: string | undefined, all: readonly { readonly ip?: string }[] = []): ReadonlySet<string> =>
  new Set([first, ...all.map(({ ip }) => ip)].filter((ip) => ip !== undefined));

function declaredPorts(pod: Pod): ReadonlySet<number> {
  return new Set(pod.spec.containers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort)));
}

/** Containers that run, the ones of the application first, then sidecars among the init containers. */
function runningContainers(pod: Pod): readonly { readonly name: string; readonly id: string }[] {
  return [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]
    .filter(({ state }) => state?.running !== undefined)
    .map(({ name, containerID }) => ({ name, id: containerID ?? `${pod.metadata.uid}/${name}` }));
}
