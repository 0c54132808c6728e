import { setTimeout as sleep } from 'node:timers/promises';
import { bytes, int, type Reader, text } from '../../../activities/traffic/registries/zookeeper/jute.ts';
import type { Registered, RegistryUser } from '../conformance.ts';
import { anybody, applies, folderOf, session, urlOf } from '../dubbo.ts';
import { port, type RegistryClients } from './client.ts';
import { keepSession, type Send } from './zookeeperSession.ts';

const operations = { create: 1, remove: 2, getChildren: 8, close: -11 };

/**
 * Providers whose sessions an agent of ours holds (`agent`), and consumers that watch providers and rules as Dubbo's ZookeeperRegistry does, and judge them as
 * its directory: they hear at once. What they call is the sample, by HTTP.
 */
export function dubboClients(zookeeper: string, agent: string): RegistryClients {
  return {
    caches: 'watch providers and rules, and hear at once',
    callersCache: '2s',
    agent,
    registration(at, service) {
      const body = JSON.stringify({ service, pod: '{pod}', ip: '{ip}', port, metadata: { weight: '7' } });
      const post = (path: string) => ({ method: 'POST', url: `${at}/${path}`, body });
      return { register: [post('register')], beat: [post('beat')], leave: [post('leave')], everyMs: 1_000 };
    },
    follow(service, tell, signal) {
      const paths = ['providers', 'configurators'].map((folder) => `${folderOf({ service })}/${folder}`);
      return watchChildren(
        zookeeper,
        paths,
        ([providers = [], rules = []]) => {
          const [urls, all] = [providers, rules].map((nodes) => nodes.map((node) => decodeURIComponent(node)));
          const on = (urls ?? []).filter((url) => !(all ?? []).some((rule) => applies(rule, url)));
          tell(on.map((url) => new URL(url).host));
        },
        signal,
      );
    },
  };
}

const portOf = (zookeeper: string): number => Number(new URL(zookeeper).port);

/** Tells the children of some nodes, and again whenever ZooKeeper says that they are others; while it is away nothing is said. */
async function watchChildren(
  zookeeper: string,
  paths: readonly string[],
  tell: (children: readonly (readonly string[])[]) => void,
  signal: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const known = new Map<number, readonly string[]>();
    let look = (): void => undefined;
    const heard = (xid: number, answer: Reader): void => {
      // Of one of them; the others lose nothing by another look.
      if (xid < 0) return look();
      answer.skip(8);
      known.set(xid, answer.int() === 0 ? answer.list(() => answer.text()) : []);
      if (known.size < paths.length) return;
      tell([...paths.keys()].map((at) => known.get(at) ?? []));
      resolve();
    };
    const connected = (send: Send): void => {
      look = () => {
        for (const [at, path] of paths.entries()) send(at, operations.getChildren, text(path), Buffer.of(1));
      };
      look();
    };
    keepSession(portOf(zookeeper), { connected, heard }, signal);
  });
}

/** As ZookeeperRegistry registers: an ephemeral node, which a new session makes anew; the one of a session that is lost is removed before. */
export async function dubboProvider(zookeeper: string, registered: Registered): Promise<RegistryUser> {
  const folder = folderOf(registered);
  const path = `${folder}/providers/${encodeURIComponent(urlOf(registered))}`;
  const maker = await session(portOf(zookeeper));
  for (const name of ['configurators', 'providers']) await maker.create(`${folder}/${name}`, 'persistent');
  await maker.end();
  const over = new AbortController();
  let ended = (): void => undefined;
  let send: Send = () => undefined;
  await new Promise<void>((resolve) => {
    const connected = (say: Send, isNew: boolean): void => {
      send = say;
      if (!isNew) return;
      send(0, operations.remove, text(path), int(-1));
      send(1, operations.create, text(path), bytes(Buffer.alloc(0)), anybody, int(1));
    };
    const heard = (xid: number): void => {
      if (xid === 1) resolve();
      if (xid === 2) ended();
    };
    keepSession(portOf(zookeeper), { connected, heard }, over.signal);
  });
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    beat: nothing,
    again: nothing,
    async leave() {
      const closed = new Promise<void>((resolve) => (ended = resolve));
      send(2, operations.close);
      await Promise.race([closed, sleep(1_500)]);
      over.abort();
    },
  };
}
