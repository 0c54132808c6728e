import { afterAll, describe, expect, it } from 'vitest';
import type { Pod } from '../../../../activities/kubernetes/wire.ts';
import type { LivePod, TrafficDeps } from '../../../../activities/ports.ts';
import { openRegistry } from '../../../../activities/traffic/registries/index.ts';
import type { Registry, Stand } from '../../../../activities/traffic/registries/registry.ts';
import { registrySchemas } from '../../../../workflows/contract/registries.schema.ts';
import { conforms } from '../../../registries/conformance.ts';
import { folderOf, session, startDubbo, startZooKeeper, urlOf } from '../../../registries/dubbo.ts';
import { eventually } from '../../activities/fixtures.ts';

const conforming = await startDubbo();

describe.skipIf(conforming === undefined)('Dubbo in ZooKeeper', () => {
  if (conforming !== undefined) conforms(conforming);
});

const ip = '10.0.0.7';
const podAt = (name: string): LivePod => ({
  name,
  uid: name,
  pod: { metadata: { name, uid: name }, status: { podIP: ip } } as unknown as Pod,
});

const zookeeper = conforming && (await startZooKeeper());

describe.skipIf(zookeeper === undefined)('Dubbo, node by node', () => {
  if (zookeeper === undefined) return;
  afterAll(() => zookeeper.close());
  let count = 0;

  const registryOf = (service: string, more: object = {}): Registry => {
    const dubbo = { server: `zookeeper://127.0.0.1:${zookeeper.port}`, service, ...more };
    const { signal } = new AbortController();
    return openRegistry(registrySchemas.dubbo.parse({ dubbo }), { signal } as TrafficDeps).registry;
  };
  const standing = async (registry: Registry, pod = 'a'): Promise<Stand> => {
    const found = (await registry.look([podAt(pod)])).get(pod);
    if (found?.is !== 'there') throw new Error(`is ${found?.is}`);
    return found.stand;
  };
  /** Providers of one address by their groups and versions, in a session of their own. */
  async function provider(...kinds: readonly Readonly<Record<string, string>>[]) {
    count += 1;
    const service = `com.example.Checkout${count}`;
    const own = await session(zookeeper!.port);
    await own.create(`${folderOf({ service })}/configurators`, 'persistent');
    const nodes = kinds.map((metadata) => {
      const url = encodeURIComponent(urlOf({ service, ip, port: 20880, metadata }));
      return `${folderOf({ service })}/providers/${url}`;
    });
    for (const node of nodes) await own.create(node, 'ephemeral');
    const rules = async (): Promise<readonly string[]> =>
      (await own.children(`${folderOf({ service })}/configurators`)).map((node) => decodeURIComponent(node)).toSorted();
    return { service, own, nodes, rules };
  }

  it('a rule for each group and version of the address; the provider keeps its node and its session', async () => {
    const { service, own, nodes, rules } = await provider({ group: 'a', version: '1.0' }, { version: '2.0' });
    const owners = () => Promise.all(nodes.map((node) => own.owner(node)));
    const before = await owners();
    const registry = registryOf(service);
    const first = await standing(registry);
    expect(first).toMatchObject({ id: `${ip}:20880`, inTraffic: true, takenOut: false });
    await registry.takeOut(first);
    await registry.takeOut(first);
    const off = 'category=configurators&disabled=true&dynamic=false&enabled=true&sluice=a';
    expect(await rules()).toEqual([
      `override://${ip}:20880/${service}?${off}&group=a&version=1.0`,
      `override://${ip}:20880/${service}?${off}&version=2.0`,
    ]);
    const out = await standing(registry);
    expect(out).toMatchObject({ inTraffic: false, takenOut: true });
    await registry.putBack(out, first);
    await registry.putBack(out, first);
    expect([await rules(), await owners()]).toEqual([[], before]);
    await own.end();
  });

  it('a weight is a rule of its own beside those of others, and its own one is that rule gone', async () => {
    const { service, own, rules } = await provider({ version: '1.0', weight: '40' });
    const registry = registryOf(service);
    const before = await standing(registry);
    expect(before).toMatchObject({ weight: 40 });
    await registry.weights?.set(before, { is: 4, own: false });
    await registry.weights?.set(before, { is: 20, own: false });
    const ours = `dynamic=false&enabled=true&priority=1000&sluice=a&weight=20&version=1.0`;
    expect(await rules()).toEqual([`override://${ip}:20880/${service}?category=configurators&${ours}`]);
    expect(await standing(registry)).toMatchObject({ weight: 20, inTraffic: true, takenOut: false });
    // A person's counts when ours is gone; that for all addresses less than that for this one.
    for (const [at, weight] of [
      ['0.0.0.0', 7],
      [`${ip}:20880`, 60],
    ]) {
      const rule = `override://${at}/${service}?category=configurators&enabled=true&weight=${weight}&version=1.0`;
      await own.create(`${folderOf({ service })}/configurators/${encodeURIComponent(rule)}`, 'persistent');
    }
    expect(await standing(registry)).toMatchObject({ weight: 20 });
    await registry.tidy?.([podAt('a')]);
    expect(await rules()).toHaveLength(3);
    await registry.weights?.set(before, { is: 40, own: true });
    expect(await standing(registry)).toMatchObject({ weight: 60 });
    await registry.weights?.set(before, { is: 4, own: false });
    await registry.tidy?.([podAt('another')]);
    expect((await rules()).filter((rule) => rule.includes('sluice='))).toEqual([]);
    await own.end();
  });

  it('several of different weights at one address have none that could be divided', async () => {
    const { service, own } = await provider({ version: '1.0', weight: '40' }, { version: '2.0' });
    expect(await standing(registryOf(service))).not.toHaveProperty('weight');
    await own.end();
  });

  it('a rule of a pod that is no more is tidied away, from another pod at its address, too', async () => {
    const { service, own, nodes, rules } = await provider({});
    const registry = registryOf(service);
    await registry.takeOut(await standing(registry, 'gone'));
    expect(await standing(registry, 'another')).toMatchObject({ inTraffic: false, takenOut: false, left: true });
    await registry.tidy?.([podAt('gone')]);
    expect(await rules()).toHaveLength(1);
    await registry.tidy?.([podAt('another')]);
    expect(await standing(registry, 'another')).toMatchObject({ inTraffic: true, takenOut: false });
    expect(await rules()).toEqual([]);

    await registry.takeOut(await standing(registry, 'gone'));
    await own.end();
    const other = await session(zookeeper.port);
    await registry.tidy?.([]);
    expect(await other.children(`${folderOf({ service })}/configurators`)).toEqual([]);
    expect(await other.owner(nodes[0]!)).toBeUndefined();
    await other.end();
  });

  it('a rule that somebody else wrote counts, and is not tidied away', async () => {
    const { service, own } = await provider({});
    const registry = registryOf(service);
    const rule = `override://${ip}:20880/${service}?category=configurators&disabled=true&dynamic=false&enabled=true`;
    await own.create(`${folderOf({ service })}/configurators/${encodeURIComponent(rule)}`, 'persistent');
    expect(await standing(registry)).toMatchObject({ inTraffic: false, takenOut: true });
    await own.end();
    const other = await session(zookeeper.port);
    await registry.tidy?.([]);
    expect(await other.children(`${folderOf({ service })}/configurators`)).toHaveLength(1);
    await other.end();
  });

  it('a session that is lost is opened anew', async () => {
    const first = await startZooKeeper();
    const registry = registryOf('com.example.Lost', { server: `zookeeper://127.0.0.1:${first?.port}` });
    const none = new Map([['a', { is: 'none' }]]);
    expect(await registry.look([podAt('a')])).toEqual(none);
    await first?.close();
    await expect(registry.look([podAt('a')])).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    const second = await startZooKeeper(first?.port);
    expect(await eventually(() => registry.look([podAt('a')]))).toEqual(none);
    await second?.close();
  });
});
