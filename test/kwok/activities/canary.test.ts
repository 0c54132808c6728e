import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { httpRoute, httpRouteRules, httpRoutes } from '../../../activities/canary/httpRoute.ts';
import { routers } from '../../../activities/canary/routers.ts';
import { ruleRouter } from '../../../activities/canary/rules.ts';
import { awaitHeeded, awaitUnserved } from '../../../activities/canary/served.ts';
import { virtualService, virtualServices } from '../../../activities/canary/virtualService.ts';
import { endpointSlices, services } from '../../../activities/kubernetes/resources.ts';
import { templateFingerprint } from '../../../activities/kubernetes/templates.ts';
import { EndpointWatches } from '../../../activities/traffic/endpoints.ts';
import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import type { ClusterActivities } from '../../../workflows/contract/activities.ts';
import type { PlannedRoute, RouterKind, Split } from '../../../workflows/contract/canary/plan.ts';
import { installCrd } from '../../support/crds.ts';
import { type Front, fronts, httpRouteFront, ruleFronts, virtualServiceFront } from '../../support/fronts.ts';
import { readyIn, watchful } from '../../support/watchful.ts';
import { afterEachWrite, dyingAfter } from './dying.ts';
import { activitiesOf, attempt, deploy, eventually, ground } from './fixtures.ts';

const { world, sluice } = await ground();
const { kube, namespace } = world;
beforeAll(async () => {
  await Promise.all(fronts.map((front) => front.install(kube)));
});

const mark = 'mark-of-the-change';
const patch = { spec: { containers: [{ name: 'app', env: [{ name: 'LEVEL', value: '1' }] }] } };

/** A Service, and what stands in front of it. */
async function routed(front: Front, name: string): Promise<unknown> {
  const body = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  };
  await kube.create(services, body, { namespace });
  await front.create(world, name);
  return front.said(world, name);
}
const ready = (service: string) => readyIn(world, service);
const routeOf = (kind: RouterKind, name: string): PlannedRoute => ({
  kind,
  name,
  service: name,
  canary: `${name}-canary`,
});
const heldOf = (name: string, uid = 'u'): HeldRequest => ({
  target: { cluster: 'local', namespace, kind: 'deployment', name },
  uid,
  holder: `release/${name}|run`,
});
const time = () => ({ since: new Date().toISOString(), timeoutMs: 60_000 });

/** Somebody who follows what stands in front, as a gateway would, and reports it some time later. */
function following(front: Front, name: string) {
  const over = new AbortController();
  const follow = async (): Promise<void> => {
    for (let seen = 0; !over.signal.aborted; await sleep(25)) {
      const now = await front.generation(world, name);
      if (now === seen) continue;
      await sleep(200);
      await front.heed?.(world, name, now);
      seen = now;
    }
  };
  const running = follow();
  return async (): Promise<void> => {
    over.abort();
    await running;
  };
}

describe.each(fronts)('what splits callers on the real API: $kind', (front) => {
  it('splits callers and is exactly as before again, the worker killed after each write: no weight without endpoints', async () => {
    const { kind } = front;
    const writes = await afterEachWrite(async (count) => {
      const name = `${kind.toLowerCase()}-${count}`;
      const app = await deploy(world, { name, replicas: 2 });
      const before = await routed(front, name);
      await eventually(async () => (await ready(name)) === 2);
      const { metadata, spec } = await app.deployment();
      const held = { ...heldOf(name), target: app.target, uid: metadata.uid };
      const from = templateFingerprint(spec.template);
      const template = { from, to: mark, source: { patch }, differs: [] };
      await attempt(sluice, 'acquire', { ...held, from: {}, template });
      const pointing = { ...held, ...time(), services: [name] };
      await attempt(sluice, 'point', { ...pointing, to: 'blue', first: true });
      const end = watchful(world, front, name);
      const unfollow = following(front, name);
      const dying = dyingAfter(kube, count);
      const mortal = activitiesOf(dying);
      const run = async <N extends keyof ClusterActivities>(
        activity: N,
        input: Parameters<ClusterActivities[N]>[0],
      ) => {
        if (!dying.died()) {
          try {
            return await attempt(mortal, activity, input);
          } catch (error) {
            if (!dying.died()) throw error;
          }
        }
        return attempt(sluice, activity, input);
      };
      const route = routeOf(kind, name);
      const shift = async (split: Split, share: number | string, first?: true): Promise<void> => {
        await run('shift', { ...held, ...time(), route, split, share, ...(first && { first }) });
        expect(await routers[kind].lag(kube, { namespace, ...route })).toBeUndefined();
      };
      await run('green', { ...held, ...time(), share: 1 });
      const match = { header: { name: 'x-canary', value: 'yes' } };
      await shift({ weight: 0, match }, 1, true);
      expect(await front.split(world, name)).toBe(`${name}-canary 100, ${name} 100`);
      expect(await ready(`${name}-canary`)).toBe(1);
      await shift({ weight: 20, match }, 1);
      expect(await front.split(world, name)).toBe(`${name}-canary 100, ${name} 80, ${name}-canary 20`);
      await run('green', { ...held, ...time(), share: '100%' });
      await shift({ weight: 100 }, '100%');
      expect(await front.split(world, name)).toBe(`${name}-canary 100`);
      await run('unshift', { ...held, ...time(), route });
      expect([await front.said(world, name), await front.split(world, name)]).toEqual([before, `${name} 100`]);
      await run('removeGreen', held);
      await run('endCanary', { ...held, route });
      await run('point', { ...pointing, to: 'both', lenient: true });
      await run('release', { ...held, recreated: true });
      await unfollow();
      expect(await end()).toEqual([]);
      expect(await front.traces(world, name)).toEqual([]);
      expect(await kube.find(services, { namespace, name: `${name}-canary` })).toBeUndefined();
      expect((await kube.get(services, { namespace, name })).spec.selector).toEqual({ app: name });
      expect((await app.pods()).filter(({ metadata: of }) => of.deletionTimestamp === undefined)).toHaveLength(2);
      mortal.close();
      return dying.died();
    });
    expect(writes).toBeGreaterThanOrEqual(9);
  });
});

describe.each(ruleFronts)('somebody else writes into what splits callers: $kind', (front) => {
  const router = routers[front.kind];
  const sidesOf = (name: string) => ({ namespace, ...routeOf(front.kind, name) });

  it('is told as a conflict; taken over it is undone, gone back from it stays', async () => {
    const name = `drift-${front.kind.toLowerCase()}`;
    const before = (await routed(front, name)) as { readonly spec: object };
    const [held, sides] = [heldOf(name), sidesOf(name)];
    await router.split(kube, held, sides, { weight: 10 }, { first: true });
    await front.tweak(world, name);
    const changed = { code: 'WORKLOAD_CHANGED', message: expect.stringContaining(`${front.kind} ${name}`) };
    await expect(router.split(kube, held, sides, { weight: 20 }, {})).rejects.toMatchObject(changed);
    await expect(router.requireSplit(kube, held, sides, { weight: 10 })).rejects.toMatchObject(changed);
    await router.split(kube, held, sides, { weight: 20 }, { force: true });
    await router.requireSplit(kube, held, sides, { weight: 20 });
    expect(await front.split(world, name)).toBe(`${name} 80, ${name}-canary 20`);

    await front.tweak(world, name);
    expect(await router.restore(kube, held, sides)).toBe('stripped');
    const tweaked = { ...before, spec: front.tweaked(before.spec) };
    expect(await front.said(world, name)).toEqual(tweaked);

    // Another release of it finds what a terminated one left.
    await router.split(kube, held, sides, { weight: 30 }, { first: true });
    expect(await router.left(kube, held)).toEqual([{ namespace, name, service: name, canary: `${name}-canary` }]);
    const other = { ...held, holder: 'release/another|run' };
    await expect(router.split(kube, other, sides, { weight: 5 }, { first: true })).rejects.toMatchObject({
      code: 'WORKLOAD_BUSY',
    });
    await router.restore(kube, held, sides);
    expect(await front.said(world, name)).toEqual(tweaked);
  });

  it('a write between our reading and our writing is a conflict of the API server, and is looked at anew', async () => {
    const name = `between-${front.kind.toLowerCase()}`;
    await routed(front, name);
    const [held, sides] = [heldOf(name), sidesOf(name)];
    await router.split(kube, held, sides, { weight: 10 }, { first: true });
    let meddled = false;
    const late: typeof kube = {
      ...kube,
      patch: async (resource, at, body, options) => {
        if (!meddled) {
          meddled = true;
          await front.meddle(world, name);
        }
        return kube.patch(resource, at, body, options);
      },
    };
    await expect(router.split(late, held, sides, { weight: 20 }, {})).rejects.toMatchObject({
      code: 'WORKLOAD_CHANGED',
    });
    expect(await front.split(world, name)).toBe(`${name} 100`);
  });

  it('refuses what is not there, and what the API server would not take; looking writes nothing', async () => {
    const name = `fit-${front.kind.toLowerCase()}`;
    await routed(front, name);
    const route = await kube.get(front.resource, { namespace, name });
    const [held, sides] = [heldOf(name), sidesOf(name)];
    await expect(router.inspect(kube, held, { ...sides, name: 'none' }, [])).rejects.toMatchObject({
      code: 'ROUTE_NOT_FOUND',
      message: expect.stringContaining(name),
    });
    await expect(router.inspect(kube, held, sides, [{ weight: 0.5 }])).rejects.toMatchObject({ code: 'PATCH_REFUSED' });
    await router.inspect(kube, held, sides, [{ weight: 5 }, { weight: 100 }]);
    expect(await kube.get(front.resource, { namespace, name })).toEqual(route);
  });
});

describe.each(ruleFronts)('what follows the route is heeded: $kind', (front) => {
  const router = routers[front.kind];
  const generation = (name: string) => front.generation(world, name);

  it('a release is refused where it does not follow, and waits for it else', async () => {
    const name = `heed-${front.kind.toLowerCase()}`;
    await routed(front, name);
    const [held, route] = [heldOf(name), routeOf(front.kind, name)];
    const sides = { namespace, ...route };
    await front.heed(world, name, await generation(name));
    await router.inspect(kube, held, sides, [{ weight: 5 }]);
    await router.split(kube, held, sides, { weight: 5 }, { first: true });
    const waiting = { ...held, ...time(), route };
    const late = { code: 'ROUTE_NOT_HEEDED', message: expect.stringContaining('seen generation 1 of it only, not 2') };
    const { signal } = new AbortController();
    await expect(awaitHeeded(kube, router, sides, { ...waiting, timeoutMs: 0 }, signal)).rejects.toMatchObject(late);
    const heeded = awaitHeeded(kube, router, sides, waiting, signal).then(() => router.lag(kube, sides));
    await front.heed(world, name, await generation(name));
    expect(await heeded).toBeUndefined();

    await router.restore(kube, held, sides);
    const failure = { type: 'ROUTE_NOT_HEEDED', message: expect.stringContaining('not 3') };
    await expect(attempt(sluice, 'unshift', { ...waiting, timeoutMs: 0 })).rejects.toMatchObject(failure);
    await expect(router.inspect(kube, held, sides, [])).rejects.toMatchObject({
      code: 'ROUTE_UNFIT',
      message: expect.stringContaining('is not in force as it is'),
    });
  });
});

it('a VirtualService is refused while a DestinationRule holds for the one Service and not for the other', async () => {
  const name = 'governed';
  await routed(virtualServiceFront, name);
  await installCrd(kube, 'destinationrules.networking.istio.io');
  const destinationRules = { ...virtualServices, name: 'destinationrules' };
  const rule = (to: string, host: string, more: object) => {
    const body = { apiVersion: 'networking.istio.io/v1', kind: 'DestinationRule', metadata: { name: to, namespace } };
    return kube.create(destinationRules, { ...body, spec: { host, ...more } }, { namespace });
  };
  const trafficPolicy = { tls: { mode: 'SIMPLE' } };
  const inspect = () =>
    virtualService.inspect(kube, heldOf(name), { namespace, ...routeOf('VirtualService', name) }, [{ weight: 5 }]);
  await rule('plain', name, {});
  await rule('others', 'others', { trafficPolicy });
  await inspect();
  await rule('tls', `${name}.${namespace}.svc.cluster.local`, { trafficPolicy });
  await expect(inspect()).rejects.toMatchObject({
    code: 'ROUTE_UNFIT',
    message: expect.stringContaining(`trafficPolicy of DestinationRule tls: write one for host ${name}-canary`),
  });
  await rule('tls-canary', `${name}-canary`, { trafficPolicy });
  await inspect();
});

it('the CRD of a route is not installed: that is said', async () => {
  const unknown = ruleRouter({ ...httpRouteRules, resource: { ...httpRoutes, version: 'v9' } });
  const name = 'unknown';
  await expect(
    unknown.inspect(kube, heldOf(name), { namespace, ...routeOf('HTTPRoute', name) }, []),
  ).rejects.toMatchObject({
    code: 'ROUTE_NOT_FOUND',
    message: expect.stringContaining('the CRD of HTTPRoute is not installed'),
  });
});

it('an HTTPRoute with a header that has no such name is refused by the API server', async () => {
  const name = 'header';
  await routed(httpRouteFront, name);
  const match = { header: { name: 'in fact no name', value: 'x' } };
  await expect(
    httpRoute.inspect(kube, heldOf(name), { namespace, ...routeOf('HTTPRoute', name) }, [{ weight: 5, match }]),
  ).rejects.toMatchObject({ code: 'PATCH_REFUSED' });
});

it('EndpointSlices that outlive the Service of an earlier canary are waited for: they are nobody to send to', async () => {
  const labels = { 'kubernetes.io/service-name': 'earlier-canary' };
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'earlier-canary-1', namespace, labels },
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['10.0.0.9'], conditions: { ready: true }, targetRef: { kind: 'Pod', name: 'p', uid: 'u' } },
    ],
  };
  await kube.create(endpointSlices, slice, { namespace });
  const [watches, { signal }] = [new EndpointWatches(kube), new AbortController()];
  const none = () => awaitUnserved(watches, namespace, 'earlier-canary', signal);
  await expect(none()).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('which is gone') });
  const waiting = none();
  await kube.remove(endpointSlices, { namespace, name: 'earlier-canary-1' });
  await waiting;
});
