import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gateways, hasSocketTable, inboundConnections } from '../../../activities/traffic/sockets.ts';

/** Read from a pod of the sample application: kubelet's probes leave TIME_WAIT (06) behind, one caller is connected. */
const recorded = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     \u0020
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 65534        0 371026 2 000000008db4450a 100 0 0 10 0
   1: 0000000000000000FFFF00000B40B60A:1F90 0000000000000000FFFF00000100B60A:B94A 01 00000000:00000000 02:0000053C 00000000 65534        0 372956 2 000000008aa92569 20 0 0 10 -1
   2: 0000000000000000FFFF00000B40B60A:1F90 0000000000000000FFFF00000140B60A:868A 06 00000000:00000000 03:000016B1 00000000     0        0 0 3 0000000091801bf1
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT                                                      \u0020
eth0\t00000000\t0140B60A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0040B60A\t00000000\t0001\t0\t0\t0\t00C0FFFF\t0\t0\t0
`;

describe('socket tables', () => {
  it('as a real pod had them: one caller over IPv4 on a socket of IPv6', () => {
    expect(inboundConnections(recorded)).toEqual([{ port: 8080, address: '10.182.0.1', remote: '10.182.0.1:47434' }]);
    expect(gateways(recorded)).toEqual(['10.182.64.1']);
    expect(hasSocketTable(recorded)).toBe(true);
    expect(hasSocketTable('cat: /proc/net/tcp: Permission denied')).toBe(false);
  });

  it('writes IPv6 addresses as Kubernetes does', () => {
    const listening = row('00000000000000000000000000000000', 443, '00000000000000000000000000000000', 0, '0A');
    const from = (address: string): string | undefined =>
      inboundConnections(`${listening}\n${row(v6('fd00:10:64::5'), 443, address, 50_000, '01')}`)[0]?.remote;
    expect(from(v6('fd00:10:64::9'))).toBe('[fd00:10:64::9]:50000');
    expect(from(v6('2001:db8:0:0:1:0:0:1'))).toBe('[2001:db8::1:0:0:1]:50000');
    expect(from(v6('::1'))).toBe('[::1]:50000');
    expect(from(v6('fd00::'))).toBe('[fd00::]:50000');
    expect(from(v6('fe80:1:2:3:4:5:6:7'))).toBe('[fe80:1:2:3:4:5:6:7]:50000');
  });

  const port = fc.integer({ min: 1, max: 65_535 });
  const ip = fc.ipV4();
  const state = fc.constantFrom('01', '02', '03', '04', '05', '06', '07', '08', '09', '0A', '0B');
  const socket = fc.record({ port, peer: port, ip, state, family: fc.constantFrom('4', '6', 'mapped') });

  it('finds exactly the established connections to a port that somebody listens on', () => {
    fc.assert(
      fc.property(fc.array(socket, { maxLength: 40 }), (sockets) => {
        const text = sockets.map(lineOf).join('\n');
        const listening = new Set(sockets.filter((each) => each.state === '0A').map((each) => each.port));
        const wanted = sockets
          .filter((each) => each.state === '01' && listening.has(each.port))
          .map((each) => `${each.family === '6' ? 'fd00::' : each.ip} ${each.peer} ${each.port}`);
        const found = inboundConnections(text).map(({ address, remote, port: own }) => {
          const peer = remote.slice(remote.lastIndexOf(':') + 1);
          return `${address.startsWith('fd00::') ? 'fd00::' : address} ${peer} ${own}`;
        });
        expect(found).toEqual(wanted);
      }),
    );
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect([...inboundConnections(text), ...gateways(text)]).toEqual([]);
      }),
    );
  });
});

interface Socket {
  readonly port: number;
  readonly peer: number;
  readonly ip: string;
  readonly state: string;
  readonly family: string;
}

function lineOf({ port, peer, ip, state, family }: Socket): string {
  switch (family) {
    case '4':
      return row(v4('10.0.0.5'), port, v4(ip), peer, state);
    case 'mapped':
      return row(`0000000000000000FFFF0000${v4('10.0.0.5')}`, port, `0000000000000000FFFF0000${v4(ip)}`, peer, state);
    default:
      return row(
        v6('fd00::5'),
        port,
        v6(
          `fd00::${ip
            .split('.')
            .slice(0, 1)
            .map((part) => Number(part).toString(16))
            .join('')}`,
        ),
        peer,
        state,
      );
  }
}

const row = (local: string, port: number, remote: string, peer: number, state: string): string =>
  `  10: ${local}:${hex(port, 4)} ${remote}:${hex(peer, 4)} ${state} 00000000:00000000 00:00000000 00000000 0 0 1 2 0 20 0`;

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');

/** In the byte order of the kernel: each 32-bit word turned round. */
const v4 = (ip: string): string =>
  ip
    .split('.')
    .toReversed()
    .map((part) => hex(Number(part), 2))
    .join('');

function v6(ip: string): string {
  const [head = '', tail = ''] = ip.split('::');
  const [first, last] = [head, tail].map((half) => half.split(':').filter((group) => group !== ''));
  const filled = ip.includes('::') ? Array.from({ length: 8 - first!.length - last!.length }, () => '0') : [];
  const groups = [...first!, ...filled, ...last!].map((group) => group.padStart(4, '0')).join('');
  return (groups.match(/.{8}/g) ?? [])
    .map((word) => (word.match(/../g) ?? []).toReversed().join(''))
    .join('')
    .toUpperCase();
}
