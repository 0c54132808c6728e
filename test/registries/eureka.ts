import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Registered } from './conformance.ts';
import { freePort } from './freePort.ts';
import { classPathOf, testCache } from './maven.ts';
import { Restartable, type RestartableRegistry } from './restartable.ts';

const version = '4.3.0';
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Class path of Spring Cloud Netflix Eureka, from Maven Central on first use; undefined without Java or Maven. */
function classPath(): string | undefined {
  try {
    const cache = testCache(`eureka-${version}`);
    const classes = join(cache, 'classes');
    const jars = classPathOf('eureka-pom.xml', cache);
    if (!existsSync(join(classes, 'EurekaServer.class')))
      execFileSync('javac', ['-cp', jars, '-d', classes, here('EurekaServer.java')]);
    return `${jars}:${classes}`;
  } catch {
    return undefined;
  }
}

const startMs = 200_000;
const addressOf = (port: number): string => `http://127.0.0.1:${port}/eureka`;

function serverAt(path: string, port: number, more: Readonly<Record<string, unknown>>): Restartable {
  const settings = {
    'server.port': port,
    'server.address': '127.0.0.1',
    'eureka.client.register-with-eureka': false,
    'eureka.client.fetch-registry': false,
    'logging.level.root': 'warn',
    ...more,
  };
  const args = Object.entries(settings).map(([key, value]) => `--${key}=${String(value)}`);
  return new Restartable(
    () => spawn('java', ['-Xmx300m', '-XX:TieredStopAtLevel=1', '-cp', path, 'EurekaServer', ...args]),
    async () => (await fetch(`${addressOf(port)}/apps`)).ok,
  );
}

/**
 * A real Eureka server with Spring Cloud's own settings, on loopback; undefined where there is no Java or Maven: then the
 * tests that need it are skipped by name.
 */
export async function startEureka(): Promise<RestartableRegistry | undefined> {
  const path = classPath();
  if (path === undefined) return undefined;
  const port = await freePort();
  const server = serverAt(path, port, {});
  await server.start(startMs);
  return underTest(addressOf(port), { restart: () => server.restart(startMs), close: () => server.end() });
}

/**
 * Two that know each other, as they are run in earnest: one alone that restarts has forgotten everybody, and its callers
 * with it. Their lists are `cacheMs` old instead of 30 s. The first one is that of the test, and restarts.
 */
export async function startEurekaPair(cacheMs: number) {
  const path = classPath();
  if (path === undefined) return undefined;
  const ports = [await freePort(), await freePort()] as const;
  const of = (own: 0 | 1): Restartable =>
    serverAt(path, ports[own], {
      'eureka.instance.hostname': `eureka-${own}`,
      'eureka.client.register-with-eureka': true,
      'eureka.client.fetch-registry': true,
      'eureka.client.service-url.defaultZone': addressOf(ports[1 - own] ?? 0),
      'eureka.server.response-cache-update-interval-ms': cacheMs,
      // 200 by default. What one does not take in time, it may never hear: on a busy machine a pod would stay out there.
      'eureka.server.peer-node-read-timeout-ms': 5_000,
    });
  const servers = [of(0), of(1)] as const;
  await Promise.all(servers.map((server) => server.start(startMs)));
  const close = async (): Promise<void> => void (await Promise.all(servers.map((server) => server.end())));
  const [address, peer] = [addressOf(ports[0]), addressOf(ports[1])];
  return {
    server: underTest(address, { restart: () => servers[0].restart(startMs), close }),
    addresses: [address, peer],
    /** Registers at the first one, which keeps it to itself, as just after its start. */
    registerUnheard: (registered: Registered) =>
      post(address, registered, { 'x-netflix-discovery-replication': 'true' }),
    /** All that callers of the second one may see of it. */
    atPeer: (registered: Registered) => read(peer, registered),
  };
}

function underTest(address: string, process: Pick<RestartableRegistry, 'restart' | 'close'>): RestartableRegistry {
  return {
    key: 'eureka',
    address,
    source: (server_, service, more = {}) => ({ eureka: { server: server_, service, ...more } }),
    // To the peers is told what is there already.
    write: ({ method, url }) => (method === 'GET' || url.endsWith('/metadata') ? undefined : `${method} ${url}`),
    register: (registered) => register(address, registered),
    instance: (registered) => read(address, registered),
    isCalled: async (registered) => (await read(address, registered))?.['status'] === 'UP',
    takeOut: (registered) => send(address, 'PUT', `${at(registered)}/status?value=OUT_OF_SERVICE`),
    ...process,
  };
}

const idOf = ({ service, pod, port }: Registered): string => `${pod}:${service}:${port}`;
const at = (registered: Registered): string => `/apps/${registered.service.toUpperCase()}/${idOf(registered)}`;

/** Registers and renews as Netflix' client does; `again` as one that was shut down in good order and started again. */
async function register(address: string, registered: Registered) {
  const again = () => post(address, registered);
  await again();
  return {
    beat: () => send(address, 'PUT', at(registered)),
    again,
    leave: () => send(address, 'DELETE', at(registered)),
  };
}

function post(address: string, registered: Registered, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  const { service, pod, ip, port, metadata } = registered;
  const instance = {
    instanceId: idOf(registered),
    hostName: pod,
    app: service.toUpperCase(),
    ipAddr: ip,
    vipAddress: service,
    status: 'UP',
    port: { $: port, '@enabled': 'true' },
    dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
    metadata,
  };
  return send(address, 'POST', `/apps/${service.toUpperCase()}`, { instance }, headers);
}

async function send(
  address: string,
  method: string,
  path: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const answer = await fetch(`${address}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
}

/** All that says something of it to callers; not when it was last heard of. */
async function read(address: string, registered: Registered): Promise<Readonly<Record<string, unknown>> | undefined> {
  const answer = await fetch(`${address}${at(registered)}`, { headers: { accept: 'application/json' } });
  if (answer.status === 404) return undefined;
  const { instance } = (await answer.json()) as { instance: Record<string, unknown> };
  const {
    leaseInfo: _lease,
    lastUpdatedTimestamp: _updated,
    lastDirtyTimestamp: _dirty,
    actionType: _action,
    ...rest
  } = instance;
  return rest;
}
