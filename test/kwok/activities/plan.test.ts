import { once } from 'node:events';
import { createServer } from 'node:http';
import { KubeConfig } from '@kubernetes/client-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../../activities/kubernetes/connection.ts';
import { autoscalers, budgets, deployments, pods, services } from '../../../activities/kubernetes/resources.ts';
import { createTraffic } from '../../../activities/traffic/index.ts';
import { planRelease } from '../../../workflows/contract/planner.ts';
import { validateSpec } from '../../../workflows/contract/validate.schema.ts';
import { type Denial, deny } from './admission.ts';
import { type App, activitiesOf, attempt, deploy, eventually, ground, v1, v2 } from './fixtures.ts';

const factories = { planRelease, validateSpec, createTraffic };
const { world, sluice } = await ground(factories);

const specOf = (name: string, image: string, more: Readonly<Record<string, unknown>> = {}) => ({
  spec: {
    metadata: { namespace: world.namespace },
    target: { cluster: 'local', workload: `deployment/${name}` },
    change: { images: { app: image } },
    ...more,
  },
});

/** Resource versions of all that a plan looks at: none may change. */
async function versions(app: App) {
  const all = [await app.deployment(), ...(await app.sets()), ...(await app.pods())];
  return all.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`).toSorted();
}

describe('plan', () => {
  it('says which pods in which batch, what else writes the workload, and touches nothing', async () => {
    const app = await deploy(world, {
      name: 'planned',
      replicas: 6,
      spec: { minReadySeconds: 2 },
      annotations: { 'argocd.argoproj.io/tracking-id': 'planned:apps/Deployment:x/planned' },
    });
    const { namespace } = world;
    await world.kube.create(
      services,
      { metadata: { name: 'planned' }, spec: { selector: { app: 'planned' }, ports: [{ port: 80 }] } },
      { namespace },
    );
    await world.kube.create(
      services,
      { metadata: { name: 'unrelated' }, spec: { selector: { app: 'other' }, ports: [{ port: 80 }] } },
      { namespace },
    );
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'planned' };
    await world.kube.create(
      autoscalers,
      { metadata: { name: 'planned' }, spec: { scaleTargetRef, minReplicas: 6, maxReplicas: 10 } },
      { namespace },
    );
    await world.kube.create(
      budgets,
      { metadata: { name: 'planned' }, spec: { minAvailable: 6, selector: { matchLabels: { app: 'planned' } } } },
      { namespace },
    );
    await app.settled();
    const before = await versions(app);
    const plan = await attempt(sluice, 'plan', specOf('planned', String(v2['app'])));
    expect(await versions(app)).toEqual(before);

    expect(plan).toMatchObject({
      uid: (await app.deployment()).metadata.uid,
      change: { from: v1, to: v2, version: 'v2', fromVersion: 'v1' },
      minReadyMs: 2_000,
      replicas: 6,
    });
    expect(plan.batches[0]).toMatchObject({ name: 'gray', pods: [{ zone: expect.any(String), ready: true }] });
    const planned = plan.batches.flatMap((batch) => batch.pods.map(({ uid }) => uid)).toSorted();
    expect(planned).toEqual((await app.pods()).map(({ metadata }) => metadata.uid).toSorted());
    const warnings = Object.fromEntries(plan.warnings.map(({ code, message }) => [code, message]));
    expect(warnings).toMatchObject({
      NO_DRAIN: expect.stringMatching(/^((?!unrelated).)*planned/),
      AUTOSCALER: expect.stringContaining('planned'),
      DISRUPTION_BUDGET: expect.stringContaining('lets no pod be out of service now'),
      GITOPS_OWNER: expect.stringContaining('Argo CD application planned'),
      REGISTRY_SILENT: expect.stringContaining('registry.test'),
    });
  });

  it('warns where a custom resource has the workload: its operator takes the change back', async () => {
    const app = await deploy(world, { name: 'operated', replicas: 1 });
    const apiVersion = 'kafka.strimzi.io/v1beta2';
    // Its kind is unknown here, so the garbage collector leaves the Deployment alone.
    const owner = { apiVersion, kind: 'Kafka', name: 'events', uid: 'no-such', controller: true };
    await world.kube.patch(deployments, app.target, { metadata: { ownerReferences: [owner] } }, { as: 'merge' });
    const { warnings } = await attempt(sluice, 'plan', specOf('operated', String(v2['app'])));
    expect(warnings.find(({ code }) => code === 'OPERATOR')?.message).toContain(
      'deployment/operated belongs to Kafka events, whose operator may set the old template again',
    );
  });

  it('leaves the pods of a Deployment alone whose name begins alike and whose pods match its selector', async () => {
    const shared = { app: 'chart' };
    const spec = (labels: object) => ({
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'app', image: v1['app'] }] } },
    });
    const [app] = await Promise.all([
      deploy(world, { name: 'chart', replicas: 2, spec: spec(shared) }),
      deploy(world, { name: 'chart-worker', replicas: 2, spec: spec({ ...shared, component: 'worker' }) }),
    ]);
    const { namespace } = world;
    const service = { metadata: { name: 'chart' }, spec: { selector: shared, ports: [{ port: 80 }] } };
    await world.kube.create(services, service, { namespace });

    const { batches, replicas } = await attempt(sluice, 'plan', specOf('chart', String(v2['app'])));
    const own = (await app.pods()).filter(({ metadata }) => metadata.labels?.['component'] === undefined);
    const planned = batches.flatMap((batch) => batch.pods.map(({ name }) => name));
    expect({ planned: planned.toSorted(), replicas }).toEqual({
      planned: own.map(({ metadata }) => metadata.name).toSorted(),
      replicas: 2,
    });
    const through = specOf('chart', String(v2['app']), { traffic: { through: [{ service: 'chart' }] } });
    await expect(attempt(sluice, 'plan', through)).rejects.toMatchObject({
      type: 'SERVICE_UNUSABLE',
      message: expect.stringMatching(/pods that are not of deployment\/chart \(ReplicaSet chart-worker-/),
    });
  });

  it('pins the digest that the registry names, and refuses an image that it does not have', async () => {
    const digest = `sha256:${'c'.repeat(64)}`;
    const registry = createServer((request, response) => {
      if (request.url?.endsWith('/v2')) response.setHeader('docker-content-digest', digest).end();
      else response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await once(registry, 'listening');
    const address = registry.address();
    const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    await deploy(world, { name: 'pinned', replicas: 1 });
    const plan = await attempt(sluice, 'plan', specOf('pinned', `${host}/shop:v2`));
    expect(plan.change.to).toEqual({ app: `${host}/shop:v2@${digest}` });
    expect(plan.warnings.map(({ code }) => code)).not.toContain('REGISTRY_SILENT');
    await expect(attempt(sluice, 'plan', specOf('pinned', `${host}/shop:v3`))).rejects.toMatchObject({
      type: 'IMAGE_NOT_FOUND',
      nonRetryable: true,
      message: expect.stringContaining(`${host} has no shop:v3`),
    });

    // A registry that hides what is private answers so, too, and here the pods log in.
    const imagePullSecrets = [{ name: 'login' }];
    await deploy(world, { name: 'private', replicas: 1, podSpec: { imagePullSecrets } });
    const blind = await attempt(sluice, 'plan', specOf('private', `${host}/shop:v3`));
    expect(blind.warnings.find(({ code }) => code === 'REGISTRY_SILENT')?.message).toContain(
      `${host} has no shop:v3, it says to who asks without a login, and the pods have imagePullSecrets`,
    );
    registry.closeAllConnections();
    registry.close();
  });
});

describe('plan refuses', () => {
  beforeAll(async () => {
    await deploy(world, { name: 'shop', replicas: 1 });
    const initContainers = [
      { name: 'setup', image: 'registry.test/setup:v1' },
      { name: 'mesh', image: 'registry.test/mesh:v1', restartPolicy: 'Always' },
    ];
    const containers = [{ name: 'app', image: String(v1['app']) }];
    const template = { metadata: { labels: { app: 'inits' } }, spec: { initContainers, containers } };
    await deploy(world, { name: 'inits', replicas: 1, spec: { template } });
  });

  it.each<[string, () => ReturnType<typeof specOf>, string, RegExp]>([
    ['a spec that is not valid', () => specOf('shop', 'with space'), 'SPEC_INVALID', /change\.images/],
    ['an unknown workload', () => specOf('nope', 'a:2'), 'WORKLOAD_NOT_FOUND', /there is .*shop/],
    [
      'an unknown namespace',
      () => specOf('shop', 'a:2', { metadata: { namespace: 'no-such' } }),
      'NAMESPACE_NOT_FOUND',
      /no-such; there is .*kube-system/,
    ],
    [
      'an unknown container',
      () => specOf('shop', 'a:2', { change: { images: { web: 'a:2' } } }),
      'CONTAINER_NOT_FOUND',
      /no container web; it has app/,
    ],
    [
      'an init container',
      () => specOf('inits', 'a:2', { change: { images: { app: 'a:2', setup: 'b:2' } } }),
      'CONTAINER_NOT_FOUND',
      /no container setup; it has app\. setup is an init container/,
    ],
    [
      'a sidecar among the init containers',
      () => specOf('inits', 'a:2', { change: { restart: ['mesh'] } }),
      'CONTAINER_NOT_FOUND',
      /mesh is a sidecar among its init containers: Sluice does not change those/,
    ],
    [
      'an order of a restart with a container that is not there',
      () => specOf('shop', 'a:2', { change: { restart: true, order: ['app', 'web'] } }),
      'CONTAINER_NOT_FOUND',
      /^change\.order\[1\]: deployment\/shop has no container web; it has app/,
    ],
    ['the image it has', () => specOf('shop', String(v1['app'])), 'IMAGE_UNCHANGED', /already/],
    [
      'another cluster',
      () => specOf('shop', 'a:2', { target: { cluster: 'elsewhere', workload: 'deployment/shop' } }),
      'CLUSTER_UNKNOWN',
      /local, not elsewhere/,
    ],
    [
      'another kind of workload',
      () => specOf('shop', 'a:2', { target: { cluster: 'local', workload: 'cronjob/db' } }),
      'SPEC_INVALID',
      /deployment/,
    ],
    [
      'a Service that is not there',
      () => specOf('shop', 'a:2', { traffic: { through: [{ service: 'nope' }] } }),
      'SERVICE_NOT_FOUND',
      /nope/,
    ],
  ])('%s', async (_, spec, type, message) => {
    await expect(attempt(sluice, 'plan', spec())).rejects.toMatchObject({
      type,
      nonRetryable: true,
      message: expect.stringMatching(message),
    });
  });

  it('a workload that another release holds', async () => {
    const app = await deploy(world, { name: 'held', replicas: 1 });
    const uid = (await app.deployment()).metadata.uid;
    await attempt(sluice, 'acquire', { target: app.target, uid, holder: 'release/other|run', from: v1 });
    await expect(attempt(sluice, 'plan', specOf('held', 'a:2'))).rejects.toMatchObject({
      type: 'WORKLOAD_BUSY',
      message: expect.stringContaining('release/other'),
    });
  });

  it('a native rollout that is under way or stuck, and says how to end it', async () => {
    const app = await deploy(world, { name: 'stuck', podAnnotations: { 'sluice.dev/kwok-ready-delay': '3600' } });
    const image = 'registry.test/shop:notready';
    const template = { spec: { containers: [{ name: 'app', image }] } };
    await world.kube.patch(deployments, app.target, { spec: { template } }, { as: 'strategic' });
    await eventually(async () => (await app.sets()).length === 2);
    await expect(attempt(sluice, 'plan', specOf('stuck', String(v2['app'])))).rejects.toMatchObject({
      type: 'WORKLOAD_BUSY',
      message: expect.stringContaining('of an older version still has pods'),
      details: [{ next: expect.stringContaining('kubectl rollout undo deployment/stuck') }],
    });
  });

  it('what the worker may not do, all of it at once', async () => {
    const { clusters } = world.kube.config;
    const admin = world.kube.config.getCurrentUser();
    const [cluster] = clusters;
    if (!admin || !cluster) throw new Error('no login');
    const config = new KubeConfig();
    config.loadFromClusterAndUser(cluster, { ...admin, impersonateUser: 'jane' });
    const kube = connect(config);
    const jane = activitiesOf(kube, factories);
    const through = [{ service: 'shop' }];
    const refused = attempt(jane, 'plan', specOf('shop', 'a:2', { traffic: { through } }));
    await expect(refused).rejects.toMatchObject({
      type: 'FORBIDDEN',
      nonRetryable: true,
      message: expect.stringMatching(/create pods\/exec.*create replicasets\.apps.*list nodes;.*patch pods in/),
    });
    jane.close();
    await kube.close();
  });

  it.each([
    ['the pods', pods, 'object.spec.containers'],
    ['the template', deployments, 'object.spec.template.spec.containers'],
  ])('what admission would refuse, for %s', async (_, resource, containers) => {
    const message = `scan says no to ${resource.name}`;
    const denial: Denial = await deny(world, resource, `${containers}.all(c, c.image != '${v2['app']}')`, message);
    try {
      await eventually(async () => {
        const outcome: unknown = await attempt(sluice, 'plan', specOf('shop', String(v2['app']))).catch(
          (error: unknown) => error,
        );
        expect(outcome).toMatchObject({ type: 'PATCH_REFUSED', message: expect.stringContaining(message) });
        return true;
      });
    } finally {
      await denial.lift();
    }
  });
});
