import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locate } from '../../local/binaries/locate.ts';
import type { Registered } from './conformance.ts';
import { freePort } from './freePort.ts';
import { Restartable, type RestartableRegistry } from './restartable.ts';

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (text: string): string => Buffer.from(text, 'base64').toString();

/** A real etcd, the one of the local stack, on loopback and in memory's place: nothing of it is kept. */
export async function startEtcd(): Promise<RestartableRegistry> {
  const found = await locate('etcd');
  if (found === undefined) throw new Error('the local stack has no etcd');
  const directory = await mkdtemp(join(tmpdir(), 'sluice-etcd-'));
  const [client, peer] = [await freePort(), await freePort()].map((port) => `http://127.0.0.1:${port}`);
  const args = [
    `--data-dir=${directory}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--log-level=error',
    '--unsafe-no-fsync=true',
  ];
  const address = client ?? '';
  const server = new Restartable(
    () => spawn(found.path, args, { stdio: 'ignore' }),
    async () => (await fetch(`${address}/health`)).ok,
  );
  await server.start();
  const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${address}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  const valueAt = async (key: string): Promise<string | undefined> => {
    const { kvs = [] } = (await post('kv/range', { key: encode(key) })) as { kvs?: readonly { value?: string }[] };
    return kvs[0] === undefined ? undefined : decode(kvs[0].value ?? '');
  };
  return {
    key: 'etcd',
    address,
    source: (at, service, more = {}) => ({
      etcd: { server: at, service: prefixOf(service), flag: '/disabled{key}', ...more },
    }),
    write: ({ url, body }) =>
      /(put|deleterange)$/.test(url) ? `${url} ${decode((JSON.parse(body) as { key: string }).key)}` : undefined,
    async register(registered) {
      const { ID: lease } = await post('lease/grant', { TTL: 600 });
      const { ip, port, metadata } = registered;
      const value = encode(JSON.stringify({ Addr: `${ip}:${port}`, Metadata: metadata }));
      const put = async (): Promise<void> =>
        void (await post('kv/put', { key: encode(keyOf(registered)), value, lease }));
      await put();
      return {
        beat: async () => void (await post('lease/keepalive', { ID: lease })),
        again: put,
        leave: async () => void (await post('kv/deleterange', { key: encode(keyOf(registered)) })),
      };
    },
    async instance(registered) {
      const value = await valueAt(keyOf(registered));
      return value === undefined ? undefined : { value, flag: await valueAt(flagOf(registered)) };
    },
    isCalled: async (registered) =>
      (await valueAt(keyOf(registered))) !== undefined && (await valueAt(flagOf(registered))) === undefined,
    takeOut: async (registered) =>
      void (await post('kv/put', { key: encode(flagOf(registered)), value: encode('by hand') })),
    restart: () => server.restart(),
    close: async () => {
      await server.end();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const prefixOf = (service: string): string => `/services/${service}/`;
const keyOf = ({ service, pod, port }: Registered): string => `${prefixOf(service)}${pod}-${port}`;
const flagOf = (registered: Registered): string => `/disabled${keyOf(registered)}`;
