import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection, type Reply } from '../../activities/traffic/registries/zookeeper/connection.ts';
import { bytes, int, text } from '../../activities/traffic/registries/zookeeper/jute.ts';
import type { Registered } from './conformance.ts';
import { freePort } from './freePort.ts';
import { classPathOf, testCache } from './maven.ts';
import { Restartable, type RestartableRegistry } from './restartable.ts';
import { zookeeperFrontOf } from './zookeeperFront.ts';

const version = '3.9.3';

export interface TestZooKeeper {
  readonly port: number;
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** A real ZooKeeper on loopback, nothing of it kept; undefined where there is no Java or Maven. `at`: the port of one that has ended. */
export async function startZooKeeper(at?: number): Promise<TestZooKeeper | undefined> {
  let jars: string;
  try {
    jars = classPathOf('zookeeper-pom.xml', testCache(`zookeeper-${version}`));
  } catch {
    return undefined;
  }
  const directory = await mkdtemp(join(tmpdir(), 'sluice-zookeeper-'));
  const port = at ?? (await freePort());
  const options = ['-Xmx200m', '-XX:TieredStopAtLevel=1', '-Dzookeeper.admin.enableServer=false', '-cp', jars];
  const main = 'org.apache.zookeeper.server.ZooKeeperServerMain';
  const server = new Restartable(
    () => spawn('java', [...options, main, String(port), directory], { stdio: 'ignore' }),
    async () => {
      await (await session(port)).end();
      return true;
    },
  );
  await server.start();
  return {
    port,
    restart: () => server.restart(),
    close: async () => {
      await server.end();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export const anybody = Buffer.concat([int(1), int(31), text('world'), text('anyone')]);

/** A session as an application has it: it is kept alive until it ends. */
export async function session(port: number) {
  const connection = await Connection.open({ host: '127.0.0.1', port }, { tls: false }, 5_000, () => undefined);
  const call = (operation: number, ...body: readonly Buffer[]): Promise<Reply> =>
    connection.call(operation, Buffer.concat(body), 5_000);
  const ping = setInterval(() => void call(9, text('/')).catch(() => clearInterval(ping)), 1_000).unref();
  return {
    async create(path: string, kind: 'ephemeral' | 'persistent'): Promise<void> {
      const parent = path.slice(0, path.lastIndexOf('/'));
      if (parent !== '') await this.create(parent, 'persistent');
      await call(1, text(path), bytes(Buffer.alloc(0)), anybody, int(kind === 'ephemeral' ? 1 : 0));
    },
    async children(path: string): Promise<readonly string[]> {
      const { code, body } = await call(8, text(path), Buffer.of(0));
      return code === 0 ? body.list(() => body.text()) : [];
    },
    /** Whose session a node hangs on, hex; undefined: there is no such node. */
    async owner(path: string): Promise<string | undefined> {
      const { code, body } = await call(3, text(path), Buffer.of(0));
      if (code !== 0) return undefined;
      body.skip(8 * 4 + 4 * 3);
      return [body.int(), body.int()].map((half) => (half >>> 0).toString(16)).join('');
    },
    /** Its ephemeral nodes go with it. */
    async end(): Promise<void> {
      clearInterval(ping);
      await call(-11).catch(() => undefined);
    },
  };
}

/** Providers of Dubbo in a real ZooKeeper, registered as Dubbo's ZookeeperRegistry does. */
export async function startDubbo(): Promise<RestartableRegistry | undefined> {
  const zookeeper = await startZooKeeper();
  if (zookeeper === undefined) return undefined;
  const { port } = zookeeper;
  /** What a consumer of Dubbo holds for it: its URL and the rules that are for it. */
  const held = async (registered: Registered) => {
    const person = await session(port);
    const of = async (name: string): Promise<readonly string[]> =>
      (await person.children(`${folderOf(registered)}/${name}`)).map((node) => decodeURIComponent(node));
    const own = `://${registered.ip}:${registered.port}/`;
    const url = (await of('providers')).find((one) => one.includes(own));
    const rules = (await of('configurators')).filter((one) => one.includes(own));
    await person.end();
    return url === undefined ? undefined : { url, rules };
  };
  return {
    key: 'dubbo',
    address: `zookeeper://127.0.0.1:${port}`,
    sends: ['password'],
    front: (tls) => zookeeperFrontOf(port, tls),
    source: (server, service, more = {}) => ({
      dubbo: { server: server.replace(/^http:\/\/([^/]*).*$/, 'zookeeper://$1'), root: 'dubbo', service, ...more },
    }),
    write: () => undefined,
    async register(registered) {
      const open = async () => {
        const own = await session(port);
        // A provider watches the rules, too, and makes their folder.
        await own.create(`${folderOf(registered)}/configurators`, 'persistent');
        await own.create(`${folderOf(registered)}/providers/${encodeURIComponent(urlOf(registered))}`, 'ephemeral');
        return own;
      };
      let own = await open();
      return {
        beat: async () => void (await own.children('/dubbo')),
        // As after a session that was lost.
        again: async () => {
          await own.end();
          own = await open();
        },
        leave: () => own.end(),
      };
    },
    instance: held,
    isCalled: async (registered) => {
      const found = await held(registered);
      return found !== undefined && !found.rules.some((rule) => applies(rule, found.url));
    },
    async takeOut(registered) {
      const { ip, port: at, service } = registered;
      const rule = `override://${ip}:${at}/${service}?category=configurators&disabled=true&dynamic=false&enabled=true`;
      const person = await session(port);
      await person.create(`${folderOf(registered)}/configurators/${encodeURIComponent(rule)}`, 'persistent');
      await person.end();
    },
    weights: {
      of: async (registered) => {
        const found = await held(registered);
        return found === undefined || found.rules.some((rule) => applies(rule, found.url))
          ? undefined
          : weightOf(found.url, found.rules);
      },
      async set(registered, weight) {
        const { ip, port: at, service } = registered;
        const rule = `override://${ip}:${at}/${service}?category=configurators&dynamic=false&enabled=true&weight=${weight}`;
        const person = await session(port);
        await person.create(`${folderOf(registered)}/configurators/${encodeURIComponent(rule)}`, 'persistent');
        await person.end();
      },
      steps: [1, 4, 7],
    },
    restart: () => zookeeper.restart(),
    close: () => zookeeper.close(),
  };
}

export const folderOf = ({ service }: Pick<Registered, 'service'>): string => `/dubbo/${service}`;

export const urlOf = ({ service, ip, port, metadata }: Omit<Registered, 'pod'>): string =>
  `dubbo://${ip}:${port}/${service}?application=shop&interface=${service}&${new URLSearchParams(metadata).toString()}&side=provider`;

/** As AbstractConfigurator of Dubbo 3.3 decides it for a rule without a configVersion, and RegistryDirectory what `disabled` means. */
export function applies(rule: string, url: string): boolean {
  return isFor(rule, url) && new URL(rule).searchParams.get('disabled') === 'true';
}

function isFor(rule: string, url: string): boolean {
  const [of, to] = [rule, url].map((one) => new URL(one));
  if (of === undefined || to === undefined || of.protocol !== 'override:') return false;
  const same = (name: string): boolean => of.searchParams.get(name) === to.searchParams.get(name);
  const fits = of.host === to.host && of.pathname === to.pathname && same('group') && same('version');
  return fits && of.searchParams.get('enabled') !== 'false';
}

/** As a consumer has it after all rules, those of the highest `priority` last: AbstractConfigurator.compareTo, AbstractLoadBalance.getWeight. */
function weightOf(url: string, rules: readonly string[]): number {
  const parameter = (of: string, name: string): number | undefined => {
    const value = new URL(of).searchParams.get(name);
    return value === null ? undefined : Number(value);
  };
  return rules
    .filter((rule) => isFor(rule, url))
    .toSorted((a, b) => (parameter(a, 'priority') ?? 0) - (parameter(b, 'priority') ?? 0))
    .reduce((weight, rule) => parameter(rule, 'weight') ?? weight, parameter(url, 'weight') ?? 100);
}
