import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pods as podResource } from '../../activities/kubernetes/resources.ts';
import type { Pod } from '../../activities/kubernetes/wire.ts';
import { createWorkload } from '../../activities/kubernetes/workloads.ts';
import { noPods } from '../../activities/podsOf.ts';
import { createTraffic } from '../../activities/traffic/index.ts';
import { marks } from '../../workflows/contract/names.ts';
import type { PodRef } from '../../workflows/contract/plan.ts';
import type { TrafficSource } from '../../workflows/contract/spec.ts';
import { deny } from '../kwok/activities/admission.ts';
import { type App, createWorld, deploy, eventually, v2, type World } from '../kwok/activities/fixtures.ts';
import { dying, type Release, refs, releaseOf, workerOn } from '../kwok/traffic/support.ts';
import { makeCertificates } from '../support/tlsFront.ts';
import { bornAnew } from './bornAnew.ts';
import { credentialsFolder } from './credentialsFolder.ts';
import { type Call, type Front, frontOf } from './front.ts';
import { warmsUp } from './warmUp.ts';
import { releases } from './wholeRelease.ts';

/** A pod as its application registers it. */
export interface Registered {
  readonly service: string;
  readonly pod: string;
  readonly ip: string;
  readonly port: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What the application's own client of the registry does on. */
export interface RegistryUser {
  /** Says that it lives. */
  beat(): Promise<void>;
  /** Registers once more, as after a connection that was lost. */
  again(): Promise<void>;
  /** Takes itself off, as on its way out. */
  leave(): Promise<void>;
}

/** A real server that runs for the tests, and what the adapter must do to it. */
export interface RegistryUnderTest {
  readonly key: string;
  readonly address: string;
  /** The folder that `source` names when nothing else is said; its files are in every other, too. */
  readonly credentials?: { readonly name: string; readonly files: Readonly<Record<string, string>> };
  /** What its adapter sends to the server as it is. Default: both. */
  readonly sends?: readonly ('password' | 'token')[];
  /** What stands before it where it does not speak HTTP. */
  front?(tls?: { readonly cert: Buffer; readonly key: Buffer }): Promise<Front>;
  source(server: string, service: string, more?: object): object;
  /** What a call says, if it changes something. */
  write(this: void, call: Call): string | undefined;
  register(registered: Registered): Promise<RegistryUser>;
  /** It does not know any more who was out when that takes itself off, and has no place to hold. */
  readonly forgets?: true;
  /** All that callers may see of it; undefined: it is not registered. */
  instance(registered: Registered): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** Whether callers are sent to it. */
  isCalled(registered: Registered): Promise<boolean>;
  /** As a person would. */
  takeOut(registered: Registered): Promise<void>;
  /** Where its instances have weights. */
  readonly weights?: {
    /** By which callers go; undefined: they are not sent to it. */
    of(this: void, registered: Registered): Promise<number | undefined>;
    /** As a person would. */
    set(this: void, registered: Registered, weight: number): Promise<void>;
    /** 10% and 50% of the weight with which instances are registered, and that one. */
    readonly steps: readonly [number, number, number];
  };
  close(): Promise<void>;
}

export interface Shop {
  readonly app: App;
  readonly front: Front;
  readonly service: string;
  readonly pods: readonly PodRef[];
  readonly registered: readonly Registered[];
  readonly users: readonly RegistryUser[];
  readonly through: readonly TrafficSource[];
}

const port = 8080;

/** What every adapter must hold, on pods of a real API server and instances of a real registry. */
export function conforms(registry: RegistryUnderTest): void {
  let world: World;
  const credentials = credentialsFolder(registry.credentials);
  const fronts: Front[] = [];
  let count = 0;

  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(async () => {
    for (const front of fronts) await front.close();
    await registry.close();
    await world.close();
    credentials.remove();
  });

  const openFront = (tls?: { readonly cert: Buffer; readonly key: Buffer }): Promise<Front> =>
    registry.front?.(tls) ?? frontOf(registry, tls);

  const through = (front: Front, service: string, more: object = {}): TrafficSource =>
    registry.source(front.address, service, {
      instance: {},
      missing: 'Fail',
      callersCache: '0s',
      callsPerSecond: 500,
      ...more,
    }) as TrafficSource;

  const registrationOf = async (app: App, service: string): Promise<readonly Registered[]> =>
    (await app.pods())
      .map(({ metadata, status }) => ({
        service,
        pod: metadata.name,
        ip: status?.podIP ?? '',
        port,
        metadata: { zone: 'a', weight: '7' },
      }))
      .toSorted((a, b) => (a.pod < b.pod ? -1 : 1));

  /** A Deployment whose pods are registered as a service of their own. */
  async function shop({
    replicas = 2,
    more = {},
  }: {
    readonly replicas?: number;
    readonly more?: object;
  } = {}): Promise<Shop> {
    count += 1;
    const name = `shop-${count}`;
    const service = `${world.namespace}-${name}`;
    const app = await deploy(world, { name, replicas });
    const front = await openFront();
    fronts.push(front);
    const registered = await registrationOf(app, service);
    const users: RegistryUser[] = [];
    for (const one of registered) users.push(await registry.register(one));
    return { app, front, service, pods: await refs(app), registered, users, through: [through(front, service, more)] };
  }

  /** As an activity has it, for the pods of `list`. */
  const pathOf = async (one: Shop, source: TrafficSource, list: readonly Pod[]) => {
    const { metadata } = await one.app.deployment();
    const held = { target: one.app.target, uid: metadata.uid, holder: '' };
    const { signal } = new AbortController();
    const workload = createWorkload(held.target, world.kube, signal);
    const find = ({ uid }: PodRef) => list.find((pod) => pod.metadata.uid === uid);
    const pods = { ...noPods, all: () => list, find };
    return createTraffic([source], { kube: world.kube, signal, held, workload, pods });
  };

  const called = ({ registered }: Shop): Promise<boolean[]> =>
    Promise.all(registered.map((one) => registry.isCalled(one)));
  const seen = ({ registered }: Shop) => Promise.all(registered.map((one) => registry.instance(one)));
  const trails = async ({ app }: Shop): Promise<number> =>
    (await app.pods()).filter(({ metadata }) => metadata.annotations?.[marks.outOf] !== undefined).length;
  /** As the pump: again while some are to come again. */
  const until = async (release: Release, stage: 'restore' | 'drain', pods: readonly PodRef[], more = {}) =>
    eventually(async () => {
      const answer = await release.stage(stage, pods, more).catch(() => undefined);
      return answer !== undefined && answer.later.length === 0 && answer;
    });

  /** As the pump: whoever is to begin `again` has come to the stage just now. */
  const untilSilent = (release: Release, pods: readonly PodRef[], more: { readonly since: string }) => {
    let { since } = more;
    return eventually(async () => {
      const answer = await release.stage('silence', pods, { since }).catch(() => undefined);
      if (answer?.again !== undefined) since = new Date().toISOString();
      return answer !== undefined && answer.later.length === 0 && answer;
    });
  };

  it('peers 47: drains twice and restores twice, with one write each; others are not touched, and all is exactly as before', async () => {
    const one = await shop();
    const [first] = one.pods;
    const before = await seen(one);
    const release = await releaseOf(world, one.app, one.through);
    await release.prepare([first!]);
    expect(await release.out([first!])).toMatchObject({ done: [first!.name], failed: [] });
    expect(await called(one)).toEqual([false, true]);
    expect(await release.out([first!])).toMatchObject({ done: [first!.name], failed: [] });
    // One write: what is out is not written again.
    expect(one.front.writes).toHaveLength(1);
    expect(await trails(one)).toBe(1);

    expect(await until(release, 'restore', [first!])).toMatchObject({ done: [first!.name], failed: [] });
    expect(await until(release, 'restore', [first!])).toMatchObject({ done: [first!.name], failed: [] });
    expect(await seen(one)).toEqual(before);
    expect(await trails(one)).toBe(0);
    expect(one.front.writes).toHaveLength(2);
  });

  it('leaves an instance out that somebody else took out, also when it comes back by itself', async () => {
    const one = await shop();
    await registry.takeOut(one.registered[0]!);
    const before = await seen(one);
    const release = await releaseOf(world, one.app, one.through);
    await release.prepare(one.pods);
    expect(await release.out(one.pods)).toMatchObject({ failed: [], later: [] });
    expect(await called(one)).toEqual([false, false]);
    await one.users[0]!.leave();
    await one.users[0]!.again();
    await until(release, 'restore', one.pods);
    expect(await called(one)).toEqual([false, true]);
    expect(await seen(one)).toEqual(before);
    await release.close();
    expect(await called(one)).toEqual([false, true]);
  });

  it('peers 45, 48: keeps an instance out that heartbeats, registers again, or is started anew, and waits as long as it is told', async () => {
    const one = await shop({ more: { callersCache: '2s' } });
    const [first] = one.pods;
    const [user] = one.users;
    const since = new Date().toISOString();
    const release = await releaseOf(world, one.app, one.through);
    await release.prepare([first!]);
    await release.stage('drain', [first!]);
    await user!.beat();
    await user!.again();
    expect(await release.stage('silence', [first!], { since })).toMatchObject({ failed: [] });
    expect(await called(one)).toEqual([false, true]);
    await user!.leave();
    await user!.again();
    // Nobody is changed before the time of the callers' caches is over, and meanwhile it is taken out again.
    expect(await untilSilent(release, [first!], { since })).toMatchObject({ done: [first!.name] });
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(since) + 2_000);
    expect(await called(one)).toEqual([false, true]);
    await until(release, 'restore', [first!]);
    expect(await called(one)).toEqual([true, true]);
  });

  /** What happens while a container starts anew: one look. */
  const keepOut = async (one: Shop, { uid }: PodRef): Promise<void> => {
    const list = await one.app.pods();
    const pod = list.find(({ metadata }) => metadata.uid === uid)!;
    const path = await pathOf(one, one.through[0]!, list);
    await path.keepOut?.([{ name: pod.metadata.name, uid, pod, since: new Date().toISOString() }]);
  };

  describe.skipIf(registry.forgets)('an instance that takes itself off while it is out', () => {
    /** Two pods; the first one is out. */
    async function firstOut() {
      const one = await shop();
      const before = await seen(one);
      const release = await releaseOf(world, one.app, one.through);
      const first = one.pods[0]!;
      await release.prepare([first]);
      await release.out([first]);
      return { one, before, release, first, user: one.users[0]! };
    }

    it('is not called when it registers anew, not for a moment, and is exactly as before in the end', async () => {
      const { one, before, release, first, user } = await firstOut();
      let calls = 0;
      const over = new AbortController();
      const watching = (async () => {
        while (!over.signal.aborted) {
          if (await registry.isCalled(one.registered[0]!)) calls += 1;
          await sleep(5);
        }
      })();
      await user.leave();
      // The second one finds its place held.
      for (const _ of ['holds it', 'has it']) await keepOut(one, first);
      await user.again();
      await user.beat();
      await keepOut(one, first);
      over.abort();
      await watching;
      expect(calls).toBe(0);
      await until(release, 'restore', [first]);
      await eventually(async () => {
        expect(await seen(one)).toEqual(before);
        return true;
      });
      expect(await trails(one)).toBe(0);
    });

    it('leaves nothing behind where it never comes back, also after workers that died: whoever registers later is called', async () => {
      const { one, release, first, user } = await firstOut();
      await user.leave();
      await keepOut(one, first);
      const close = (kube: World['kube']) => workerOn(kube).closeTraffic({ ...release.held, through: one.through });
      for (const when of ['before', 'after'] as const) await close(dying(world.kube, 1, when)).catch(() => undefined);
      await close(world.kube);
      await eventually(async () => (await registry.instance(one.registered[0]!)) === undefined);
      expect(await trails(one)).toBe(0);
      await user.again();
      await eventually(() => registry.isCalled(one.registered[0]!));
    });

    it('is not harmed where it has registered anew just before its place would have been held', async () => {
      const { one, before, release, first, user } = await firstOut();
      await user.leave();
      let came = false;
      one.front.be({
        before: async () => {
          came = true;
          await user.again();
        },
      });
      await keepOut(one, first);
      one.front.be('well');
      // Where no place is to be held nothing was written.
      if (!came) await user.again();
      await release.close();
      await eventually(async () => {
        expect(await seen(one)).toEqual(before);
        return true;
      });
    });
  });

  it('peers 46: gives callers their time anew where an instance came back by itself, also where who saw it died before it was heard', async () => {
    const one = await shop({ more: { callersCache: '1s' } });
    const [first] = one.pods;
    const release = await releaseOf(world, one.app, one.through);
    await release.prepare([first!]);
    await release.stage('drain', [first!]);
    await one.users[0]!.leave();
    await one.users[0]!.again();
    const cameBack = await registry.isCalled(one.registered[0]!);
    const over = { since: new Date(Date.now() - 10_000).toISOString() };
    for (const _ of ['not heard', 'heard']) {
      const answer = await release.stage('silence', [first!], over);
      expect(answer.again ?? []).toEqual(cameBack ? [first!.name] : []);
      expect(answer.done).toEqual(cameBack ? [] : [first!.name]);
    }
    const anew = { since: new Date().toISOString() };
    expect(await untilSilent(release, [first!], anew)).toMatchObject({ done: [first!.name] });
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(anew.since) + 1_000);
    await until(release, 'restore', [first!]);
  });

  it.each([
    ['before its trail is written', 'before'],
    ['before the instance is taken out', 'after'],
    ['when it has been', undefined],
  ] as const)('puts back who was out when a worker died %s, with what is in the cluster alone', async (_, when) => {
    const one = await shop();
    const before = await seen(one);
    const release = await releaseOf(world, one.app, one.through);
    await release.prepare(one.pods);
    const dead = await releaseOf(
      { kube: when === undefined ? world.kube : dying(world.kube, 1, when) },
      one.app,
      one.through,
    );
    await dead.stage('drain', one.pods).catch(() => undefined);
    expect(await called(one)).toEqual(when === undefined ? [false, false] : [true, true]);
    // Another worker, of a release that knows nothing of that one.
    await workerOn(world.kube).closeTraffic({ ...release.held, through: one.through });
    expect(await seen(one)).toEqual(before);
    expect(await trails(one)).toBe(0);
  });

  it('takes a pod out of several services in the order given, and back in reverse', async () => {
    const one = await shop({ replicas: 1 });
    const second = `${one.service}-admin`;
    const [admin] = await registrationOf(one.app, second);
    await registry.register(admin!);
    const both = [...one.through, through(one.front, second)];
    const release = await releaseOf(world, one.app, both);
    await release.prepare(one.pods);
    expect(await release.out(one.pods)).toMatchObject({ done: [one.pods[0]!.name] });
    expect(await registry.isCalled(admin!)).toBe(false);
    await until(release, 'restore', one.pods);
    expect([...(await called(one)), await registry.isCalled(admin!)]).toEqual([true, true]);
    const named = one.front.writes.map((write) => write.toLowerCase().includes(second.toLowerCase()));
    expect(named).toEqual([false, true, true, false]);
  });

  it('scenario 44: touches no pod while the registry is away, slow or unwilling; and puts back when it is there again', async () => {
    const one = await shop();
    const [first] = one.pods;
    const release = await releaseOf(world, one.app, one.through);
    await release.prepare(one.pods);
    for (const mood of ['down', { status: 503 }, { status: 401 }] as const) {
      one.front.be(mood);
      expect(await release.stage('drain', [first!])).toMatchObject({ done: [], failed: [], later: [first!.name] });
    }
    const late = await release.stage('drain', [first!], { since: new Date(Date.now() - 120_000).toISOString() });
    expect(late.failed).toMatchObject([{ pod: first!.name, code: 'DRAIN_TIMEOUT' }]);
    expect([await called(one), await trails(one)]).toEqual([[true, true], 0]);

    one.front.be({ slowMs: 300 });
    await until(release, 'drain', [first!]);
    expect(await called(one)).toEqual([false, true]);
    one.front.be('down');
    // Thrown, so that Temporal tries again until it is back: the release does not go on without it.
    await expect(release.stage('restore', [first!])).rejects.toMatchObject({
      type: 'REGISTRY_UNREACHABLE',
      nonRetryable: false,
    });
    one.front.be('well');
    await until(release, 'restore', [first!]);
    expect([await called(one), await trails(one)]).toEqual([[true, true], 0]);
  });

  it('scenario 34: a patch that is rejected, again and again: the registry is never written to', async () => {
    const one = await shop({ replicas: 1 });
    const [{ metadata } = { metadata: { name: '' } }] = await one.app.pods();
    const rule = `!object.metadata.name.startsWith('${one.app.target.name}') || object.spec.containers.all(c, c.image != '${v2['app']}')`;
    const denial = await deny(world, podResource, rule, 'v2 has not been scanned');
    try {
      const image = { spec: { containers: [{ name: 'app', image: v2['app'] }] } };
      const at = { namespace: world.namespace, name: metadata.name };
      // A policy takes a moment to be in force.
      await eventually(async () => {
        const answer = world.kube.patch(podResource, at, image, { as: 'strategic', dryRun: true });
        return answer.then(
          () => false,
          () => true,
        );
      });
      const release = await releaseOf(world, one.app, one.through);
      await release.prepare(one.pods);
      for (const _ of ['once', 'twice', 'thrice'])
        expect((await release.stage('drain', one.pods)).failed).toMatchObject([{ code: 'PATCH_REFUSED' }]);
      expect(one.front.writes).toEqual([]);
      expect([await called(one), await trails(one)]).toEqual([[true], 0]);
    } finally {
      await denial.lift();
    }
  });

  it('goes by `missing` where a pod has no instance', async () => {
    const one = await shop();
    const [first] = one.pods;
    await one.users[0]!.leave();
    const release = await releaseOf(world, one.app, one.through);
    await release.prepare(one.pods);
    expect(await release.stage('drain', [first!])).toMatchObject({ later: [first!.name] });
    const since = new Date(Date.now() - 120_000).toISOString();
    expect((await release.stage('drain', [first!], { since })).failed).toMatchObject([{ code: 'INSTANCE_NOT_FOUND' }]);
    const skipping = await releaseOf(world, one.app, [through(one.front, one.service, { missing: 'Skip' })]);
    const skipped = await skipping.stage('drain', [first!]);
    expect(skipped.done).toEqual([first!.name]);
    expect(skipped.notes?.[0]?.text).toContain('no instance');
    expect(await skipping.stage('restore', [first!])).toMatchObject({ done: [first!.name] });
  });

  describe('finds the instance of a pod', () => {
    it.each([
      ['port', { port }],
      ['metadata', { metadata: { host: '{pod}' } }],
    ])('by its %s, and asks which where there are two', async (_, instance) => {
      const one = await shop({ replicas: 1 });
      const other = { ...one.registered[0]!, port: port + 1 };
      await registry.register({ ...one.registered[0]!, metadata: { host: one.pods[0]!.name } });
      await registry.register(other);
      const release = await releaseOf(world, one.app, [through(one.front, one.service, { instance })]);
      expect(await release.out(one.pods)).toMatchObject({ done: [one.pods[0]!.name] });
      expect([...(await called(one)), await registry.isCalled(other)]).toEqual([false, true]);
      await release.close();
      expect(await called(one)).toEqual([true]);
    });
  });

  describe('is refused in the plan, with what, why and next', () => {
    /** As the plan activity looks at it; touches nothing. */
    const inspect = async (one: Shop, source: TrafficSource = one.through[0]!) =>
      (await pathOf(one, source, await one.app.pods())).inspect();

    it('names who is out already, and refuses a pod without an instance, a service that is not there, two for one', async () => {
      const one = await shop({ replicas: 3 });
      await registry.takeOut(one.registered[0]!);
      await one.users[1]!.leave();
      const refused = inspect(one);
      await expect(refused).rejects.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
      await expect(refused).rejects.toThrow(one.pods[1]!.name);
      const skipping = through(one.front, one.service, { missing: 'Skip' });
      const [found] = await inspect(one, skipping);
      expect(found).toMatchObject({ missing: [one.pods[1]!.name], disabled: [one.pods[0]!.name] });

      const misspelt = inspect(one, through(one.front, `${one.service}x`));
      await expect(misspelt).rejects.toMatchObject({
        code: 'REGISTRY_UNUSABLE',
        next: expect.stringMatching(new RegExp(one.service, 'i')),
      });

      const another = await shop({ replicas: 1 });
      await registry.register({ ...another.registered[0]!, port: port + 1 });
      const ambiguous = inspect(another, through(another.front, another.service));
      await expect(ambiguous).rejects.toMatchObject({
        code: 'REGISTRY_UNUSABLE',
        next: expect.stringContaining('port'),
      });
      expect(one.front.writes).toEqual([]);
    });

    it('a server that is not there, that is another, that refuses the credentials, or whose certificate nobody vouches for', async () => {
      const one = await shop({ replicas: 1 });
      const nobody = { ...one.front, address: 'http://127.0.0.1:1/eureka' };
      await expect(inspect(one, through(nobody, one.service))).rejects.toMatchObject({
        code: 'REGISTRY_UNUSABLE',
        message: expect.stringContaining('127.0.0.1:1 cannot be reached: ECONNREFUSED'),
      });
      const other = { ...one.front, address: new URL('/other', one.front.address).href };
      await expect(inspect(one, through(other, one.service))).rejects.toMatchObject({ code: 'REGISTRY_UNUSABLE' });
      one.front.be({ status: 401 });
      await expect(inspect(one)).rejects.toMatchObject({
        code: 'REGISTRY_UNUSABLE',
        next: expect.stringContaining('credentials'),
      });
    });

    it('one whose certificate nobody vouches for, unless its CA is among the credentials', async () => {
      const one = await shop({ replicas: 1 });
      const certificates = await makeCertificates();
      const { certFile, keyFile } = certificates.server;
      const front = await openFront({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
      fronts.push(front);
      const secure = inspect(one, through(front, one.service));
      await expect(secure).rejects.toMatchObject({ next: expect.stringContaining('ca.crt') });
      credentials.write('own-ca', { 'ca.crt': readFileSync(certificates.caFile, 'utf8') });
      const trusted = await eventually(() => inspect(one, through(front, one.service, { credentials: 'own-ca' })));
      expect(trusted).toMatchObject([{ missing: [] }]);
      await certificates.remove();
    });

    const { sends = ['password', 'token'] } = registry;
    const password = { username: 'sluice', password: 'pass:word' };
    it.each([
      ...(sends.includes('password') ? [['a password', password, `Basic ${btoa('sluice:pass:word')}`] as const] : []),
      ...(sends.includes('token') ? [['a token', { token: 'a.b-c' }, 'Bearer a.b-c'] as const] : []),
    ])('one that wants %s, unless they are among the credentials', async (_, files, authorization) => {
      const one = await shop({ replicas: 1 });
      one.front.be({ authorization });
      credentials.write('wrong', { ...files, password: 'no', token: 'no' });
      credentials.write('right', files);
      for (const more of [{}, { credentials: 'wrong' }])
        await expect(inspect(one, through(one.front, one.service, more))).rejects.toMatchObject({
          code: 'REGISTRY_UNUSABLE',
          next: expect.stringContaining('credentials'),
        });
      const right = await inspect(one, through(one.front, one.service, { credentials: 'right' }));
      expect(right).toMatchObject([{ missing: [] }]);
    });
  });

  bornAnew(() => ({ world, shop, trails, isCalled: (one) => registry.isCalled(one) }));

  if (registry.weights !== undefined)
    warmsUp(registry.weights, () => ({ world, shop, seen, trails, takeOut: (one) => registry.takeOut(one) }));

  releases(registry);
}
