import { beforeAll, describe, expect, it } from 'vitest';
import { type HTTPRoute, httpRoute, httpRouteRules, httpRoutes } from '../../../activities/canary/httpRoute.ts';
import { ruleRouter } from '../../../activities/canary/rules.ts';
import { endpointSlices, services } from '../../../activities/kubernetes/resources.ts';
import { templateFingerprint } from '../../../activities/kubernetes/templates.ts';
import { endpointsOf } from '../../../activities/traffic/endpointView.ts';
import type { ClusterActivities, HeldRequest } from '../../../workflows/contract/activities.ts';
import type { PlannedRoute, Split } from '../../../workflows/contract/canary/plan.ts';
import { installCrd } from '../../support/crds.ts';
import { dyingAfter } from './dying.ts';
import { activitiesOf, attempt, deploy, eventually, ground } from './fixtures.ts';

const { world, sluice } = await ground();
const { kube, namespace } = world;
beforeAll(() => installCrd(kube, 'httproutes.gateway.networking.k8s.io'));

const mark = 'mark-of-the-change';
const patch = { spec: { containers: [{ name: 'app', env: [{ name: 'LEVEL', value: '1' }] }] } };

async function routed(name: string) {
  await kube.create(
    services,
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    },
    { namespace },
  );
  const rule = { backendRefs: [{ name, port: 80 }], timeouts: { request: '3s' } };
  const body = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace, annotations: { mine: 'stays' } },
    spec: { parentRefs: [{ name: 'gateway' }], rules: [rule, { ...rule, matches: [{ path: { value: '/a' } }] }] },
  };
  await kube.create(httpRoutes, body, { namespace });
  return kube.get(httpRoutes, { namespace, name });
}
const routeNow = (name: string): Promise<HTTPRoute> => kube.get(httpRoutes, { namespace, name });
/** What people wrote: all but what the API server counts. */
const said = ({ spec, metadata }: HTTPRoute) => ({ spec, annotations: metadata.annotations });
const ready = async (service: string): Promise<number> => {
  const { items } = await kube.list(endpointSlices, {
    namespace,
    labelSelector: `kubernetes.io/service-name=${service}`,
  });
  return endpointsOf(items).ready;
};
const routeOf = (name: string): PlannedRoute => ({ kind: 'HTTPRoute', name, service: name, canary: `${name}-canary` });
const weightOf = ({ spec }: HTTPRoute, name: string): number =>
  (spec.rules ?? []).flatMap(({ backendRefs = [] }) => backendRefs).find((ref) => ref.name === name)?.weight ?? 0;
const time = () => ({ since: new Date().toISOString(), timeoutMs: 60_000 });
const shifting = (held: HeldRequest, split: Split, share: number | string, first?: true) => ({
  ...held,
  ...time(),
  route: routeOf(held.target.name),
  split,
  share,
  ...(first && { first }),
});

/** Whether at any moment callers are sent by weight to a Service without a ready endpoint. */
function watchful(name: string) {
  const over = new AbortController();
  const empty: string[] = [];
  const watching = (async () => {
    while (!over.signal.aborted) {
      // The weight is read first: a Service that it points to must be ready from before.
      const now = await routeNow(name);
      for (const service of [name, `${name}-canary`]) {
        if (weightOf(now, service) > 0 && (await ready(service)) === 0) {
          const still = weightOf(await routeNow(name), service);
          if (still > 0) empty.push(`${service} has ${still}`);
        }
      }
    }
  })();
  return async (): Promise<readonly string[]> => {
    over.abort();
    await watching;
    return empty;
  };
}

describe('an HTTPRoute of the real API', () => {
  it('splits callers and is exactly as before again, the worker killed after each write: no weight without endpoints', async () => {
    let writes = 0;
    for (let count = 1; writes === 0; count += 1) {
      const name = `split-${count}`;
      const app = await deploy(world, { name, replicas: 2 });
      const before = said(await routed(name));
      await eventually(async () => (await ready(name)) === 2);
      const { metadata, spec } = await app.deployment();
      const held = { target: app.target, uid: metadata.uid, holder: `release/${name}|run` };
      const from = templateFingerprint(spec.template);
      await attempt(sluice, 'acquire', {
        ...held,
        from: {},
        template: { from, to: mark, source: { patch }, differs: [] },
      });
      const pointing = { ...held, ...time(), services: [name] };
      await attempt(sluice, 'point', { ...pointing, to: 'blue', first: true });
      const end = watchful(name);
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
      await run('green', { ...held, ...time(), share: 1 });
      const match = { header: { name: 'x-canary', value: 'yes' } };
      await run('shift', shifting(held, { weight: 0, match }, 1, true));
      expect((await routeNow(name)).spec.rules).toHaveLength(4);
      expect(await ready(`${name}-canary`)).toBe(1);
      await run('shift', shifting(held, { weight: 20, match }, 1));
      expect([weightOf(await routeNow(name), name), (await routeNow(name)).spec.rules?.length]).toEqual([80, 4]);
      await run('green', { ...held, ...time(), share: '100%' });
      await run('shift', shifting(held, { weight: 100 }, '100%'));
      expect(weightOf(await routeNow(name), name)).toBe(0);
      await run('unshift', { ...held, ...time(), route: routeOf(name) });
      expect(said(await routeNow(name))).toEqual(before);
      await run('removeGreen', held);
      await run('endCanary', { ...held, route: routeOf(name) });
      await run('point', { ...pointing, to: 'both', lenient: true });
      await run('release', { ...held, recreated: true });
      expect(await end()).toEqual([]);
      expect(await kube.find(services, { namespace, name: `${name}-canary` })).toBeUndefined();
      expect((await kube.get(services, { namespace, name })).spec.selector).toEqual({ app: name });
      expect((await app.pods()).filter(({ metadata: of }) => of.deletionTimestamp === undefined)).toHaveLength(2);
      if (!dying.died()) writes = count - 1;
      mortal.close();
    }
    expect(writes).toBeGreaterThanOrEqual(9);
  });

  it('somebody else’s change is a conflict that is told; taken over it is undone, gone back from it stays', async () => {
    const name = 'drift';
    const first = await routed(name);
    const held = {
      target: { cluster: 'local', namespace, kind: 'deployment', name },
      uid: 'u',
      holder: 'release/drift|run',
    };
    const sides = { namespace, ...routeOf(name) };
    const at = { namespace, name };
    await httpRoute.split(kube, held, sides, { weight: 10 }, { first: true });
    const [one, two] = (await routeNow(name)).spec.rules ?? [];
    const slower = { ...two, timeouts: { request: '9s' } };
    await kube.patch(httpRoutes, at, { spec: { rules: [one, slower] } }, { as: 'merge' });
    const changed = { code: 'WORKLOAD_CHANGED', message: expect.stringContaining('HTTPRoute drift') };
    await expect(httpRoute.split(kube, held, sides, { weight: 20 }, {})).rejects.toMatchObject(changed);
    await expect(httpRoute.requireSplit(kube, held, sides, { weight: 10 })).rejects.toMatchObject(changed);
    await httpRoute.split(kube, held, sides, { weight: 20 }, { force: true });
    await httpRoute.requireSplit(kube, held, sides, { weight: 20 });
    expect(weightOf(await routeNow(name), name)).toBe(80);

    await kube.patch(
      httpRoutes,
      at,
      { spec: { rules: [(await routeNow(name)).spec.rules?.[0], slower] } },
      { as: 'merge' },
    );
    expect(await httpRoute.restore(kube, held, sides)).toBe('stripped');
    const { spec, annotations } = said(await routeNow(name));
    const before = first.spec.rules?.map((rule, index) =>
      index === 1 ? { ...rule, timeouts: slower.timeouts } : rule,
    );
    expect([spec.rules, annotations]).toEqual([before, { mine: 'stays' }]);

    // Another release of it finds what a terminated one left.
    await httpRoute.split(kube, held, sides, { weight: 30 }, { first: true });
    expect(await httpRoute.left(kube, held)).toEqual([{ namespace, name, service: name, canary: `${name}-canary` }]);
    const other = { ...held, holder: 'release/another|run' };
    await expect(httpRoute.split(kube, other, sides, { weight: 5 }, { first: true })).rejects.toMatchObject({
      code: 'WORKLOAD_BUSY',
    });
    await httpRoute.restore(kube, held, sides);
    expect((await routeNow(name)).spec.rules).toEqual(before);
  });

  it('refuses what is not there, what the cluster does not know, and what the API server would not take', async () => {
    const name = 'fit';
    const route = await routed(name);
    const held = {
      target: { cluster: 'local', namespace, kind: 'deployment', name },
      uid: 'u',
      holder: 'release/fit|run',
    };
    const sides = { namespace, ...routeOf(name) };
    await expect(httpRoute.inspect(kube, held, { ...sides, name: 'none' }, [])).rejects.toMatchObject({
      code: 'ROUTE_NOT_FOUND',
      message: expect.stringContaining('fit'),
    });
    const unknown = ruleRouter({ ...httpRouteRules, resource: { ...httpRoutes, version: 'v9' } });
    await expect(unknown.inspect(kube, held, sides, [])).rejects.toMatchObject({
      code: 'ROUTE_NOT_FOUND',
      message: expect.stringContaining('the CRD of HTTPRoute is not installed'),
    });
    const header = { name: 'in fact no name', value: 'x' };
    await expect(httpRoute.inspect(kube, held, sides, [{ weight: 5, match: { header } }])).rejects.toMatchObject({
      code: 'PATCH_REFUSED',
    });
    await httpRoute.inspect(kube, held, sides, [{ weight: 5 }, { weight: 100 }]);
    expect(await routeNow(name)).toEqual(route);
  });
});
