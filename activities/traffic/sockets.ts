/** One TCP connection that somebody made to the container: `port` is ours, `remote` is theirs (`10.0.0.7:41234`). */
export interface Inbound {
  readonly port: number;
  readonly address: string;
  readonly remote: string;
}

const states = { established: '01', listen: '0A' } as const;

interface Socket {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly state: string;
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * Established connections to a listening port, read from /proc/net/tcp and /proc/net/tcp6 put one after the other.
 * A connection that the container itself made has a local port on which nothing listens, so it is left out.
 * Lines that are not sockets (headers, other files) are skipped. Format: Linux, Documentation/networking/proc_net_tcp.
 */
export function inboundConnections(text: string): readonly Inbound[] {
  const sockets = text.split('\n').flatMap((line) => parseSocket(line) ?? []);
  const listening = new Set(sockets.filter(({ state }) => state === states.listen).map(({ local }) => local.port));
  return sockets
    .filter(({ state, local }) => state === states.established && listening.has(local.port))
    .map(({ local, remote }) => ({
      port: local.port,
      address: remote.address,
      remote: remote.address.includes(':') ? `[${remote.address}]:${remote.port}` : `${remote.address}:${remote.port}`,
    }));
}

/** Whether `text` has the header of /proc/net/tcp at all: an answer without it proves nothing. */
export const hasSocketTable = (text: string): boolean => /^\s*sl\s+local_address\s/m.test(text);

/** IPv4 default gateways in /proc/net/route. With a bridge CNI the kubelet's probes come from that address. */
export function gateways(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [, destination, gateway] = /^\S+\t([0-9A-F]{8})\t([0-9A-F]{8})\t/.exec(line) ?? [];
    return destination === '00000000' && gateway !== undefined && gateway !== '00000000' ? address(gateway) : [];
  });
}

const line = /^\s*\d+:\s+([0-9A-F]+):([0-9A-F]{4})\s+([0-9A-F]+):([0-9A-F]{4})\s+([0-9A-F]{2})\s/i;

function parseSocket(text: string): Socket | undefined {
  const [, localAddress, localPort, remoteAddress, remotePort, state] = line.exec(text) ?? [];
  if (!localAddress || !localPort || !remoteAddress || !remotePort || !state) return undefined;
  return {
    local: { address: address(localAddress), port: Number.parseInt(localPort, 16) },
    remote: { address: address(remoteAddress), port: Number.parseInt(remotePort, 16) },
    state: state.toUpperCase(),
  };
}

/** The kernel prints each 32-bit word of an address in its own byte order: little-endian on all that we run on. */
function address(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    [6, 4, 2, 0].map((at) => Number.parseInt(word.slice(at, at + 2), 16)),
  );
  if (bytes.length <= 4) return bytes.join('.');
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return mapped ? bytes.slice(12).join('.') : ipv6(bytes);
}

/** Sixteen bytes in the form of RFC 5952, as Kubernetes writes addresses; the URL standard writes them the same way. */
function ipv6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0));
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]`).hostname.slice(1, -1);
}
