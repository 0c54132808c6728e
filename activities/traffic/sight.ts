import type { Pod } from '../kubernetes/wire.ts';
import { gateways, hasSocketTable, type Inbound, inboundConnections } from './sockets.ts';

/**
 * - `seen`: who is connected.
 * - `measured`: what a figure of it says; `text` for people, where that is not silence.
 * - `unprovable`: nobody can look into this pod; asking again will not help.
 * - `failed`: this look failed; the next may not.
 */
export type Sight =
  | { readonly kind: 'seen'; readonly callers: readonly Inbound[]; readonly fromNode: readonly Inbound[] }
  | { readonly kind: 'measured'; readonly silent: boolean; readonly text: string }
  | { readonly kind: 'unprovable'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'gone' };

/** What `cat` is asked for, in this order: the last shows that nothing was cut off. */
export const tables = ['/proc/net/tcp', '/proc/net/tcp6', '/proc/net/route'] as const;

/** Ports that count: all that are listened on, but of a pod in its node's network only those that it declares. */
export function countedPorts(pod: Pod): ReadonlySet<number> | undefined {
  if (!pod.spec.hostNetwork) return undefined;
  return new Set(pod.spec.containers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort)));
}

/**
 * Who is connected to the pod, by the {@link tables} of its network. Connections inside the pod (a proxy, a connection
 * pool of a sidecar) are not callers. Those of its node are told apart: the kubelet's probes are among them.
 */
export function sightOf(pod: Pod, stdout: string, stderr: string): Sight {
  // cat goes on after a file that is missing: IPv6 may be off.
  if (!hasSocketTable(stdout) || !/^Iface\s/m.test(stdout)) {
    return { kind: 'failed', reason: `the socket table is incomplete: ${stderr.trim() || 'no output'}` };
  }
  const { hostNetwork = false } = pod.spec;
  const ports = countedPorts(pod);
  const own = addressesOf(pod.status?.podIP, pod.status?.podIPs);
  const node = new Set([...addressesOf(pod.status?.hostIP, pod.status?.hostIPs), ...gateways(stdout)]);
  const isInside = ({ address }: Inbound): boolean => !hostNetwork && (isLoopback(address) || own.has(address));
  const inbound = inboundConnections(stdout).filter(
    (connection) => !isInside(connection) && (ports === undefined || ports.has(connection.port)),
  );
  return {
    kind: 'seen',
    callers: inbound.filter(({ address }) => !node.has(address)),
    fromNode: inbound.filter(({ address }) => node.has(address)),
  };
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';

const addressesOf = (first: string | undefined, all: readonly { readonly ip?: string }[] = []): ReadonlySet<string> =>
  new Set([first, ...all.map(({ ip }) => ip)].filter((ip) => ip !== undefined));
