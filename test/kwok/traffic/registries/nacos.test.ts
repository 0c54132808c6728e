import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pod } from '../../../../activities/kubernetes/wire.ts';
import type { LivePod, TrafficDeps } from '../../../../activities/ports.ts';
import { openRegistry } from '../../../../activities/traffic/registries/index.ts';
import type { Found, Registry, Stand } from '../../../../activities/traffic/registries/registry.ts';
import { registrySchemas } from '../../../../workflows/contract/registries.schema.ts';
import { conforms } from '../../../registries/conformance.ts';
import { type CredentialsFolder, credentialsFolder } from '../../../registries/credentialsFolder.ts';
import { nacosClient, type Place, startNacos, startRnacos } from '../../../registries/nacos.ts';
import { nacosFrontOf } from '../../../registries/nacosFront.ts';
import { eventually } from '../../activities/fixtures.ts';

const conforming = await startNacos();

describe.skipIf(conforming === undefined)('Nacos', () => {
  if (conforming === undefined) return;
  conforms(conforming);
});

const ip = '10.0.0.7';
const podAt = (name: string): LivePod => ({
  name,
  uid: name,
  pod: { metadata: { name, uid: name }, status: { podIP: ip } } as unknown as Pod,
});
const open = (nacos: object): Registry =>
  openRegistry(registrySchemas.nacos.parse({ nacos }), {
    signal: new AbortController().signal,
  } as TrafficDeps).registry;
const only = async (registry: Registry): Promise<Found> =>
  (await registry.look([podAt('a')])).get('a') ?? { is: 'none' };
const standing = async (registry: Registry): Promise<Stand> => {
  const found = await only(registry);
  if (found.is !== 'there') throw new Error(`is ${found.is}`);
  return found.stand;
};

describe.skipIf(conforming === undefined)('Nacos, call by call', () => {
  let rnacos: Awaited<ReturnType<typeof startRnacos>>;
  let front: Awaited<ReturnType<typeof nacosFrontOf>>;
  let application: ReturnType<typeof nacosClient>;
  let count = 0;
  const place = (more: Partial<Place> = {}): Place => ({
    serviceName: `checkout-${count}`,
    groupName: 'shop',
    namespaceId: 'prod',
    clusterName: 'hz-a',
    ip,
    port: '8080',
    ...more,
  });

  beforeAll(async () => {
    rnacos = await startRnacos({ RNACOS_ENABLE_NO_AUTH_CONSOLE: 'true' });
    const { address = '' } = rnacos ?? {};
    front = await nacosFrontOf(new URL(address).origin);
    application = nacosClient(address);
  });
  afterAll(async () => {
    await front.close();
    await rnacos?.close();
  });

  const registryOf = (more: object = {}): Registry => {
    const { serviceName: service, groupName: group, namespaceId: namespace } = place();
    return open({ server: front.address, namespace, group, clusters: ['hz-a', 'hz-b'], service, ...more });
  };

  it.each(['v1', 'v2', 'v3'])('%s: in its namespace, group and clusters, and nothing beside', async (api) => {
    count += 1;
    const beside = [{ namespaceId: 'public' }, { groupName: 'DEFAULT_GROUP' }, { port: '9090', clusterName: 'hz-c' }];
    for (const more of [{}, ...beside]) await application.register(place(more));
    const registry = registryOf({ api });
    const before = await standing(registry);
    expect(before).toMatchObject({ id: `${ip}:8080:hz-a`, inTraffic: true, takenOut: false });
    await registry.takeOut(before);
    await registry.takeOut(before);
    const out = await standing(registry);
    expect(out).toMatchObject({ inTraffic: false, takenOut: true, weight: 0.7, state: before.state });
    expect(await application.isCalled(place())).toBe(false);
    for (const more of beside) expect(await application.isCalled(place(more))).toBe(true);
    await registry.putBack(out, before);
    expect(await standing(registry)).toEqual(before);
    expect(await application.isCalled(place())).toBe(true);
    await registry.takeOut(before);
    await registry.putBack(out, before, { is: 0.07, own: false });
    const low = await standing(registry);
    expect(low).toEqual({ ...before, weight: 0.07 });
    expect(await application.weight(place())).toBe(0.07);
    await registry.weights?.set(low, { is: 0.7, own: true });
    expect(await standing(registry)).toEqual(before);
    expect(await registry.services?.()).toContain(place().serviceName);
  });

  it('stays out while it heartbeats; one that says at registering that it is enabled comes back, and is seen to', async () => {
    count += 1;
    await application.register(place({ clusterName: 'DEFAULT' }));
    const registry = registryOf({ clusters: ['DEFAULT'] });
    await registry.takeOut(await standing(registry));
    await application.beat(place({ clusterName: 'DEFAULT' }));
    expect(await standing(registry)).toMatchObject({ takenOut: true });
    await application.register(place({ clusterName: 'DEFAULT' }));
    expect(await standing(registry)).toMatchObject({ inTraffic: true, takenOut: false });
  });

  it('leaves a weight alone that a person changes while it is out, and 0 is not in traffic', async () => {
    count += 1;
    await application.register(place());
    const registry = registryOf();
    const before = await standing(registry);
    await registry.takeOut(before);
    await application.update(place(), { weight: '0.2' });
    await registry.putBack(await standing(registry), before);
    expect(await standing(registry)).toMatchObject({ weight: 0.2 });
    await application.update(place(), { weight: '0' });
    expect(await standing(registry)).toMatchObject({ inTraffic: false, takenOut: false });
  });

  it('a server that hides who is out is told from the first one, which is in traffic again', async () => {
    count += 1;
    await application.register(place());
    const registry = registryOf({ server: rnacos?.address });
    const before = await standing(registry);
    await expect(registry.takeOut(before)).rejects.toThrow('does not list instances that are out');
    expect(await standing(registry)).toEqual(before);
    await expect(registry.takeOut(before)).rejects.toThrow('does not list instances that are out');
    expect(await application.isCalled(place())).toBe(true);
  });

  it('an instance that has gone is not made again', async () => {
    count += 1;
    await application.register(place());
    const registry = registryOf();
    const before = await standing(registry);
    await application.deregister(place());
    await expect(registry.takeOut(before)).rejects.toThrow('no instance 10.0.0.7:8080:hz-a any more');
    expect(await only(registry)).toEqual({ is: 'none' });
  });

  it('says what to write where something else answers', async () => {
    const wrong = registryOf({ server: new URL('/other', front.address).href });
    expect(await only(wrong)).toEqual({ is: 'none' });
    await expect(wrong.services?.()).rejects.toMatchObject({ next: expect.stringContaining('context path') });
  });
});

describe.skipIf(conforming === undefined)('Nacos that asks who one is', () => {
  let rnacos: Awaited<ReturnType<typeof startRnacos>>;
  let credentials: CredentialsFolder;
  beforeAll(async () => {
    rnacos = await startRnacos({
      RNACOS_ENABLE_OPEN_API_AUTH: 'true',
      RNACOS_INIT_ADMIN_USERNAME: 'sluice',
      RNACOS_INIT_ADMIN_PASSWORD: 'secret',
      RNACOS_API_LOGIN_TIMEOUT: '1',
    });
    credentials = credentialsFolder();
    credentials.write('right', { username: 'sluice\n', password: 'secret' });
    credentials.write('wrong', { username: 'sluice', password: 'guessed' });
    // It makes its first user a moment after it answers.
    await eventually(async () => (await token()) !== undefined);
  });
  afterAll(async () => {
    credentials.remove();
    await rnacos?.close();
  });

  const registryAs = (name?: string): Registry =>
    open({ server: rnacos?.address, service: 'checkout', ...(name !== undefined && { credentials: name }) });

  const token = async (): Promise<string | undefined> => {
    const body = new URLSearchParams({ username: 'sluice', password: 'secret' });
    const answer = await fetch(`${rnacos?.address}/v1/auth/login`, { method: 'POST', body });
    return answer.ok ? ((await answer.json()) as { accessToken: string }).accessToken : undefined;
  };
  const isAccepted = async (accessToken = ''): Promise<boolean> =>
    (await fetch(`${rnacos?.address}/v1/ns/service/list?accessToken=${accessToken}`)).ok;

  it('logs in, and again when the token has expired', async () => {
    const registry = registryAs('right');
    expect(await only(registry)).toEqual({ is: 'none' });
    const later = await token();
    await eventually(async () => !(await isAccepted(later)));
    expect(await registry.services?.()).toEqual([]);
  });

  it.each([undefined, 'wrong'])('credentials: %s is refused, and told so', async (name) => {
    await expect(registryAs(name).look([podAt('a')])).rejects.toMatchObject({
      message: expect.stringContaining('403'),
      next: expect.stringContaining('credentials'),
    });
  });
});
