import { join } from 'node:path';
import { binaryOf, portOf } from '../context.ts';
import type { Authority } from '../pki/authority.ts';
import type { Part, RuntimeContext } from '../types.ts';

/**
 * etcd with mutual TLS and an authority of its own: who reaches its port owns the cluster, also on a machine with other users.
 *
 * `--unsafe-no-fsync`: a write is safe once the kernel has it, so the state survives `down`, SIGKILL and every crash of a process; only a crash of the
 * machine can lose it, and then `down --wipe` starts anew. On a laptop it is what makes a thousand patches take seconds.
 */
export async function etcdPart(context: RuntimeContext, authority: Authority): Promise<Part> {
  const { paths } = context;
  const ports = { client: portOf(context, 'etcd'), peer: portOf(context, 'etcdPeer') };
  const peer = await authority.credential('etcd', {
    subject: { commonName: 'etcd' },
    usage: 'peer',
    hosts: ['localhost', '127.0.0.1'],
  });
  const client = `https://127.0.0.1:${ports.client}`;
  const peers = `https://127.0.0.1:${ports.peer}`;
  const tls = (prefix: string) => [
    `--${prefix}cert-file=${peer.certFile}`,
    `--${prefix}key-file=${peer.keyFile}`,
    `--${prefix}trusted-ca-file=${peer.caFile}`,
    `--${prefix}client-cert-auth=true`,
  ];
  return {
    name: 'etcd',
    binary: binaryOf(context, 'etcd'),
    args: [
      '--name=sluice',
      `--data-dir=${join(paths.data, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peers}`,
      `--initial-advertise-peer-urls=${peers}`,
      `--initial-cluster=sluice=${peers}`,
      ...tls(''),
      ...tls('peer-'),
      '--unsafe-no-fsync=true',
      '--quota-backend-bytes=4294967296',
      '--auto-compaction-mode=periodic',
      '--auto-compaction-retention=10m',
      '--logger=zap',
      '--log-level=warn',
    ],
    ready: {
      kind: 'http',
      url: `${client}/readyz`,
      caFile: peer.caFile,
      certFile: peer.certFile,
      keyFile: peer.keyFile,
    },
    ports: [ports.client, ports.peer],
    configFiles: [peer.certFile],
    address: client,
  };
}
