import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../kwok/activities/fixtures.ts';
import type { Registered, RegistryUnderTest } from './conformance.ts';
import { freePort } from './freePort.ts';
import { classPathOf, testCache } from './maven.ts';

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

/**
 * A real Eureka server with Spring Cloud's own settings, on loopback; undefined where there is no Java or Maven: then the
 * tests that need it are skipped by name.
 */
export async function startEureka(): Promise<RegistryUnderTest | undefined> {
  const path = classPath();
  if (path === undefined) return undefined;
  const port = await freePort();
  const settings = {
    'server.port': port,
    'server.address': '127.0.0.1',
    'eureka.client.register-with-eureka': false,
    'eureka.client.fetch-registry': false,
    'logging.level.root': 'warn',
  };
  const args = Object.entries(settings).map(([key, value]) => `--${key}=${value}`);
  const server = spawn('java', ['-Xmx300m', '-XX:TieredStopAtLevel=1', '-cp', path, 'EurekaServer', ...args]);
  let said = '';
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', (chunk) => (said = `${said}${chunk}`.slice(-4_000)));
  const address = `http://127.0.0.1:${port}/eureka`;
  await eventually(async () => {
    if (server.exitCode !== null) return true;
    return (await fetch(`${address}/apps`)).ok;
  }, 200_000);
  if (server.exitCode !== null) throw new Error(`Eureka ended: ${said}`);
  return {
    key: 'eureka',
    address,
    source: (server_, service, more = {}) => ({ eureka: { server: server_, service, ...more } }),
    write: ({ method, url }) => (method === 'GET' ? undefined : `${method} ${url}`),
    register: (registered) => register(address, registered),
    instance: (registered) => read(address, registered),
    isCalled: async (registered) => (await read(address, registered))?.['status'] === 'UP',
    takeOut: (registered) => send(address, 'PUT', `${at(registered)}/status?value=OUT_OF_SERVICE`),
    close: async () => {
      server.kill('SIGKILL');
      await once(server, 'exit');
    },
  };
}

const idOf = ({ service, pod, port }: Registered): string => `${pod}:${service}:${port}`;
const at = (registered: Registered): string => `/apps/${registered.service.toUpperCase()}/${idOf(registered)}`;

/** Registers and renews as Netflix' client does; `anew` as one that was shut down in good order and started again. */
async function register(address: string, registered: Registered) {
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
  const put = () => send(address, 'POST', `/apps/${service.toUpperCase()}`, { instance });
  await put();
  return {
    beat: () => send(address, 'PUT', at(registered)),
    again: put,
    leave: () => send(address, 'DELETE', at(registered)),
  };
}

async function send(address: string, method: string, path: string, body?: object): Promise<void> {
  const answer = await fetch(`${address}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
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
