import { describe, expect, it } from 'vitest';
import type { Pod } from '../../../activities/kubernetes/wire.ts';
import { countedPorts, type Sight, sightOf } from '../../../activities/traffic/sight.ts';

const header = '  sl  local_address rem_address   st tx_queue\n';
const route = 'Iface\tDestination\tGateway \tFlags\neth0\t00000000\t0100000A\t0003\n';

/** 10.0.0.5:8080 listens; each of `peers` (a.b.c.d:port) is connected to it, or to the port after an arrow. */
function tablesOf(...peers: readonly string[]): string {
  const ports = new Set([8080, ...peers.map((peer) => Number(peer.split('>')[1] ?? 8080))]);
  const listening = [...ports].map((port, index) => line(index, '00000000', port, '00000000', 0, '0A'));
  const connected = peers.map((peer, index) => {
    const [address = '', rest = ''] = peer.split(':');
    const [from, to = '8080'] = rest.split('>');
    return line(10 + index, bytes('10.0.0.5'), Number(to), bytes(address), Number(from), '01');
  });
  return header + [...listening, ...connected].join('') + route;
}

const line = (at: number, local: string, port: number, remote: string, peer: number, state: string): string =>
  `   ${at}: ${local}:${hex(port)} ${remote}:${hex(peer)} ${state} 00000000:00000000 0\n`;
const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
const bytes = (ip: string): string =>
  ip
    .split('.')
    .toReversed()
    .map((part) => hex(Number(part)).slice(2))
    .join('');

const podOf = (spec: object = {}): Pod => ({
  metadata: { name: 'shop-1', uid: 'u1', resourceVersion: '1' },
  spec: { containers: [{ name: 'app', ports: [{ containerPort: 8080 }] }], ...spec },
  status: {
    podIP: '10.0.0.5',
    podIPs: [{ ip: '10.0.0.5' }],
    hostIP: '192.168.1.10',
    hostIPs: [{ ip: '192.168.1.10' }],
  },
});

const who = (sight: Sight): unknown =>
  sight.kind === 'seen'
    ? { callers: sight.callers.map(({ remote }) => remote), fromNode: sight.fromNode.map(({ remote }) => remote) }
    : sight;

describe('who is connected to a pod', () => {
  it('tells callers from its node, by the address of the node and by that of its bridge', () => {
    const seen = sightOf(podOf(), tablesOf('10.0.0.7:50000', '192.168.1.10:50001', '10.0.0.1:50002'), '');
    expect(who(seen)).toEqual({ callers: ['10.0.0.7:50000'], fromNode: ['192.168.1.10:50001', '10.0.0.1:50002'] });
  });

  it('leaves out what the containers of the pod have among themselves', () => {
    const seen = sightOf(podOf(), tablesOf('127.0.0.1:50000', '127.0.0.6:50001', '10.0.0.5:50002'), '');
    expect(who(seen)).toEqual({ callers: [], fromNode: [] });
  });

  it('counts only its own ports in the network of its node, and callers on the node as well', () => {
    const pod = podOf({ hostNetwork: true });
    const seen = sightOf(pod, tablesOf('10.0.0.7:50000>22', '127.0.0.1:50001', '10.0.0.7:50002'), '');
    expect(who(seen)).toEqual({ callers: ['127.0.0.1:50001', '10.0.0.7:50002'], fromNode: [] });
    expect(countedPorts(podOf({ hostNetwork: true, containers: [{ name: 'app' }] }))?.size).toBe(0);
    expect(countedPorts(podOf())).toBeUndefined();
  });

  it('proves nothing by half a table', () => {
    const cut = tablesOf('10.0.0.7:50000').replace(route, '');
    expect(sightOf(podOf(), cut, '')).toMatchObject({ kind: 'failed' });
    expect(sightOf(podOf(), '', 'cat: out of memory')).toEqual({
      kind: 'failed',
      reason: 'the socket table is incomplete: cat: out of memory',
    });
  });

  it('does without IPv6', () => {
    const seen = sightOf(podOf(), tablesOf(), "cat: can't open '/proc/net/tcp6': No such file or directory");
    expect(who(seen)).toEqual({ callers: [], fromNode: [] });
  });
});
