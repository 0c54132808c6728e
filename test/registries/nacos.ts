import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Registered } from './conformance.ts';
import { freePort } from './freePort.ts';
import { nacosFrontOf } from './nacosFront.ts';
import { Restartable, type RestartableRegistry } from './restartable.ts';

const install = fileURLToPath(new URL('install-rnacos.sh', import.meta.url));

export interface Rnacos {
  /** With the context path of Nacos. */
  readonly address: string;
  restart(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A real rnacos on loopback, nothing of it kept; undefined where it was not built (install-rnacos.sh does): then the tests that
 * need it are skipped by name. Instances need not send heartbeats here to stay.
 */
export async function startRnacos(settings: Readonly<Record<string, string>> = {}): Promise<Rnacos | undefined> {
  const program = execFileSync('bash', [install, '--where'], { encoding: 'utf8' }).trim();
  if (!existsSync(program)) return undefined;
  const directory = await mkdtemp(join(tmpdir(), 'sluice-rnacos-'));
  const [http, grpc, console_] = [await freePort(), await freePort(), await freePort()];
  const environment = {
    RNACOS_DATA_DIR: join(directory, 'data'),
    RNACOS_HTTP_PORT: String(http),
    RNACOS_GRPC_PORT: String(grpc),
    RNACOS_HTTP_CONSOLE_PORT: String(console_),
    RNACOS_SDK_HOST: '127.0.0.1',
    RNACOS_NAMING_HEALTH_TIMEOUT_SECOND: '3600',
    RNACOS_NAMING_INSTANCE_TIMEOUT_SECOND: '7200',
    RUST_LOG: 'error',
  };
  const address = `http://127.0.0.1:${http}/nacos`;
  const server = new Restartable(
    () =>
      spawn(program, [], {
        cwd: directory,
        env: { ...process.env, ...environment, ...settings },
        stdio: 'ignore',
      }),
    async () => (await fetch(`${address}/v1/auth/login`, { method: 'POST' })).status < 500,
  );
  await server.start();
  return {
    address,
    restart: () => server.restart(),
    close: async () => {
      await server.end();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Nacos for the conformance suite: rnacos, behind the answers of Nacos that it has not. */
export async function startNacos(): Promise<RestartableRegistry | undefined> {
  const rnacos = await startRnacos({ RNACOS_ENABLE_NO_AUTH_CONSOLE: 'true' });
  if (rnacos === undefined) return undefined;
  const { origin } = new URL(rnacos.address);
  const front = await nacosFrontOf(origin);
  const client = nacosClient(rnacos.address);
  return {
    key: 'nacos',
    forgets: true,
    sends: ['token'],
    address: front.address,
    source: (server, service, more = {}) => ({
      nacos: {
        server,
        api: 'v1',
        namespace: 'public',
        group: 'DEFAULT_GROUP',
        clusters: ['DEFAULT'],
        service,
        ...more,
      },
    }),
    write: ({ method, url }) => (method === 'GET' ? undefined : `${method} ${url}`),
    async register(registered) {
      const of = placeOf(registered);
      await client.register(of);
      return {
        beat: () => client.beat(of),
        again: () => client.register(of),
        leave: () => client.deregister(of),
      };
    },
    async instance(registered) {
      const { service, ip, port } = registered;
      const path = `/rnacos/api/console/instances?groupName=DEFAULT_GROUP&serviceName=${service}`;
      const { list } = (await (await fetch(`${origin}${path}`)).json()) as { list: readonly Record<string, unknown>[] };
      const found = list.find((one) => one['ip'] === ip && one['port'] === port);
      if (found === undefined) return undefined;
      const { lastModifiedMillis: _modified, registerTime: _registered, ...rest } = found;
      return rest;
    },
    isCalled: (registered) => client.isCalled(placeOf(registered)),
    takeOut: (registered) => client.update(placeOf(registered), { enabled: 'false' }),
    weights: {
      of: (registered) => client.weight(placeOf(registered)),
      set: (registered, weight) => client.update(placeOf(registered), { weight: String(weight) }),
      steps: [0.07, 0.35, 0.7],
    },
    restart: () => rnacos.restart(),
    close: async () => {
      await front.close();
      await rnacos.close();
    },
  };
}

/** An instance by its address and what it is part of. */
export type Place = Readonly<
  Record<'serviceName' | 'groupName' | 'namespaceId' | 'clusterName' | 'ip' | 'port', string>
>;

/** What applications and people do, by the v1 API: registering as Nacos' own clients write it, `enabled` included. */
export function nacosClient(address: string) {
  const send = async (method: string, path: string, query: Readonly<Record<string, string>>): Promise<string> => {
    const answer = await fetch(`${address}/v1/ns${path}?${new URLSearchParams(query).toString()}`, { method });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.text();
  };
  const own = { weight: '0.7', metadata: JSON.stringify({ zone: 'a', weight: '7' }), ephemeral: 'true' };
  return {
    register: async (of: Place, more: object = {}): Promise<void> =>
      void (await send('POST', '/instance', { ...own, enabled: 'true', ...of, ...more })),
    async beat(of: Place): Promise<void> {
      const { ip, port, clusterName: cluster, serviceName, groupName } = of;
      const beat = { ip, port: Number(port), cluster, serviceName: `${groupName}@@${serviceName}` };
      await send('PUT', '/instance/beat', { ...of, beat: JSON.stringify(beat) });
    },
    deregister: async (of: Place): Promise<void> => void (await send('DELETE', '/instance', of)),
    update: async (of: Place, change: object): Promise<void> =>
      void (await send('PATCH', '/instance', { ...of, ...change })),
    async isCalled(of: Place): Promise<boolean> {
      return (await this.weight(of)) !== undefined;
    },
    /** As callers are told it; undefined: they are not told of it. */
    async weight({ ip, port, serviceName, groupName, namespaceId }: Place): Promise<number | undefined> {
      const hosts = await this.list(serviceName, { groupName, namespaceId });
      return hosts.find((one) => one.ip === ip && String(one.port) === port)?.weight;
    },
    /** Whom callers are told of. */
    async list(serviceName: string, of: Partial<Place> = {}) {
      const text = await send('GET', '/instance/list', { ...of, serviceName, healthyOnly: 'true' });
      const { hosts } = JSON.parse(text) as {
        hosts: readonly { readonly ip: string; readonly port: number; readonly weight: number }[];
      };
      return hosts;
    },
  };
}

const placeOf = ({ service, ip, port, metadata }: Registered) => ({
  serviceName: service,
  groupName: 'DEFAULT_GROUP',
  namespaceId: 'public',
  clusterName: 'DEFAULT',
  ip,
  port: String(port),
  metadata: JSON.stringify(metadata),
});
