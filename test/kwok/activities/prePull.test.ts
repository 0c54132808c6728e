import { KubeConfig } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../../activities/kubernetes/connection.ts';
import {
  budgets,
  deployments,
  nodes,
  pods,
  type Resource,
  services,
} from '../../../activities/kubernetes/resources.ts';
import { pullSelector } from '../../../activities/prePull/pullPod.ts';
import { createTraffic } from '../../../activities/traffic/index.ts';
import type { PrePullRequest } from '../../../workflows/contract/activities/prePull.ts';
import { planRelease } from '../../../workflows/contract/planner.ts';
import { validateSpec } from '../../../workflows/contract/validate.schema.ts';
import { readyIn, serve } from '../traffic/support.ts';
import {
  type App,
  activitiesOf,
  attempt,
  createWorld,
  deploy,
  environmentOf,
  eventually,
  ground,
  identities,
  v2,
  type World,
} from './fixtures.ts';

const factories = { planRelease, validateSpec, createTraffic };
const { world, sluice } = await ground(factories);

async function requestFor(app: App, image = String(v2['app'])): Promise<PrePullRequest> {
  const since = new Date().toISOString();
  const on = [...new Set((await app.pods()).map(({ spec }) => spec.nodeName ?? ''))];
  return {
    target: app.target,
    uid: (await app.deployment()).metadata.uid,
    holder: `release/${app.target.name}|run`,
    images: { app: image },
    nodes: on.map((node) => ({ node, since })),
    timeoutMs: 30_000,
  };
}

/** As the workflow does: nodes that are not done yet are asked again. */
async function pullAll(activities: typeof sluice, request: PrePullRequest): Promise<string[]> {
  const done: string[] = [];
  let open = request.nodes;
  while (open.length > 0) {
    const answer = await attempt(activities, 'prePull', { ...request, nodes: open });
    expect(answer.failed).toEqual([]);
    done.push(...answer.done);
    open = open.filter(({ node }) => answer.later.includes(node));
  }
  return done.toSorted();
}

const pulling = async (request: PrePullRequest) =>
  (await world.kube.list(pods, { namespace: world.namespace, labelSelector: pullSelector(request) })).items;

describe('prePull', () => {
  it('pulls on each node; another attempt finds the same pods; endPrePull deletes them', async () => {
    const request = await requestFor(await deploy(world, { name: 'pulls', replicas: 5 }));
    const asked = request.nodes.map(({ node }) => node).toSorted();
    expect(await pullAll(sluice, request)).toEqual(asked);
    const made = await pulling(request);
    expect(made.map(({ spec }) => spec.nodeName ?? '').toSorted()).toEqual(asked);

    // Another worker, which has seen nothing of it.
    const other = activitiesOf(world.kube);
    expect(await pullAll(other, request)).toEqual(asked);
    other.close();
    expect(identities(await pulling(request))).toEqual(identities(made));

    await attempt(sluice, 'endPrePull', request);
    expect(await pulling(request)).toEqual([]);
    await attempt(sluice, 'endPrePull', request);
  });

  it('the pods are nobody’s: no Service, ReplicaSet or disruption budget takes notice', async () => {
    const app = await deploy(world, { name: 'alone', replicas: 4 });
    await serve(world, app, 'alone');
    const { namespace } = world;
    await world.kube.create(
      budgets,
      { metadata: { name: 'alone' }, spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'alone' } } } },
      { namespace },
    );
    const budget = () => world.kube.get(budgets, { namespace, name: 'alone' });
    await eventually(async () => (await budget()).status?.expectedPods === 4);
    const before = { pods: identities(await app.pods()), ready: await readyIn(world, 'alone') };
    const request = await requestFor(app);
    await attempt(sluice, 'prePull', request);
    expect(await pulling(request)).not.toEqual([]);
    expect(identities(await app.pods())).toEqual(before.pods);
    expect(await readyIn(world, 'alone')).toEqual(before.ready);
    expect((await budget()).status).toMatchObject({ expectedPods: 4, currentHealthy: 4, disruptionsAllowed: 1 });
    expect((await app.deployment()).status?.replicas).toBe(4);
    await attempt(sluice, 'endPrePull', request);
  });

  it('an image that cannot be had is told as that', async () => {
    const request = await requestFor(await deploy(world, { name: 'gone', replicas: 1 }), 'registry.test/shop:missing');
    const { failed } = await attempt(sluice, 'prePull', request);
    expect(failed).toMatchObject([{ code: 'IMAGE_PULL_FAILED', reason: expect.stringContaining('not found') }]);
    await attempt(sluice, 'endPrePull', request);
  });

  it('a quota that leaves no room says nothing of the image', async () => {
    const own = await createWorld();
    const mine = activitiesOf(own.kube);
    const app = await deploy(own, { name: 'full', replicas: 2 });
    const quotas: Resource<object> = { ...services, name: 'resourcequotas' };
    await own.kube.create(
      quotas,
      { metadata: { name: 'full' }, spec: { hard: { pods: '2' } } },
      { namespace: own.namespace },
    );
    const request = await requestFor(app);
    const answer = await eventually(async () => {
      const pulled = await attempt(mine, 'prePull', request);
      await attempt(mine, 'endPrePull', request);
      return pulled.failed.length > 0 && pulled;
    });
    expect(answer.failed[0]).toMatchObject({
      code: 'PRE_PULL_FAILED',
      reason: expect.stringContaining('exceeded quota'),
    });
    mine.close();
    await own.close();
  });

  it('a cancelled one ends at once, and its pods are found by the clean-up', async () => {
    const app = await deploy(world, { name: 'halted', replicas: 3 });
    const request = await requestFor(app, 'registry.test/shop:slowpull');
    const environment = environmentOf();
    const running = attempt(sluice, 'prePull', request, environment);
    await eventually(async () => (await pulling(request)).length === request.nodes.length);
    environment.cancel('CANCELLED');
    await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' });
    await attempt(sluice, 'endPrePull', request);
    expect(await pulling(request)).toEqual([]);
  });

  it('goes with the workload, should nobody be left to clean up', async () => {
    const app = await deploy(world, { name: 'orphan', replicas: 1 });
    const request = await requestFor(app);
    await attempt(sluice, 'prePull', request);
    expect(await pulling(request)).not.toEqual([]);
    await world.kube.remove(deployments, app.target);
    await eventually(async () => (await pulling(request)).length === 0);
  });
});

describe('plan', () => {
  it('a worker that may not create pods warns, or is refused where the pull is required', async () => {
    await deploy(world, { name: 'meek', replicas: 2 });
    const meek = await meekWorker(world);
    const asked = (prePull: string) => ({
      spec: {
        metadata: { namespace: world.namespace },
        target: { cluster: 'local', workload: 'deployment/meek' },
        change: { images: { app: v2['app'] }, prePull },
      },
    });
    const plan = await attempt(meek, 'plan', asked('Auto'));
    expect(plan.prePull).toBeUndefined();
    expect(plan.warnings.find(({ code }) => code === 'NO_PRE_PULL')?.message).toContain(
      `create pods in ${world.namespace}; delete pods in ${world.namespace}`,
    );
    await expect(attempt(meek, 'plan', asked('Require'))).rejects.toMatchObject({ type: 'FORBIDDEN' });
    const allowed = await attempt(sluice, 'plan', asked('Require'));
    const there = new Set((await world.kube.list(nodes, {})).items.map(({ metadata }) => metadata.name));
    expect(allowed.prePull?.nodes.every((node) => there.has(node))).toBe(true);
    expect(allowed.prePull?.nodes).not.toEqual([]);
    meek.close();
  });
});

/** A worker with all rights of deploy/rbac.yaml but to create and delete pods. */
async function meekWorker({ kube, namespace }: World) {
  const user = `meek-${namespace}`;
  const rbac = (name: string): Resource<object> => ({
    ...nodes,
    group: 'rbac.authorization.k8s.io',
    name,
    namespaced: name === 'rolebindings' || name === 'roles',
  });
  const all = ['get', 'list', 'watch', 'patch', 'update'];
  const rules = [
    { apiGroups: ['apps'], resources: ['deployments', 'replicasets'], verbs: ['*'] },
    { apiGroups: [''], resources: ['pods', 'services'], verbs: all },
    { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: all },
    { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: all },
  ];
  const metadata = { name: user };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }];
  const bound = (kind: string) => ({
    metadata,
    subjects,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: user },
  });
  await kube.create(rbac('roles'), { metadata, rules }, { namespace });
  await kube.create(rbac('rolebindings'), bound('Role'), { namespace });
  const clusterRules = [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list'] }];
  await kube.create(rbac('clusterroles'), { metadata, rules: clusterRules }, {});
  await kube.create(rbac('clusterrolebindings'), bound('ClusterRole'), {});
  onTestFinished(async () => {
    await kube.remove(rbac('clusterrolebindings'), metadata);
    await kube.remove(rbac('clusterroles'), metadata);
  });
  const admin = kube.config.getCurrentUser();
  const [cluster] = kube.config.clusters;
  if (!admin || !cluster) throw new Error('no login');
  const config = new KubeConfig();
  config.loadFromClusterAndUser(cluster, { ...admin, impersonateUser: user });
  return activitiesOf(connect(config), factories);
}
