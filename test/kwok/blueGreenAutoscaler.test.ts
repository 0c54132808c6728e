import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { autoscalers, deployments } from '../../activities/kubernetes/resources.ts';
import { sampleImage } from '../../local/sample.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { openWorld, until, type World } from '../support/world.ts';
import { type ExternalMetrics, externalMetrics } from './support/externalMetrics.ts';
import { releasesIn } from './support/releases.ts';

/** Blue/green beside a HorizontalPodAutoscaler, whose controller is Kubernetes' own. */
let world: World;
let metrics: ExternalMetrics | undefined;
beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir);
  await world.worker();
  metrics = await externalMetrics(world.kube, world.namespace);
});
afterAll(async () => {
  await metrics?.close();
  await world?.close();
});

const { deploy, ended, atGate, clean, versions } = releasesIn(() => world);
const at = (name: string) => ({ namespace: world.namespace, name });
const scaler = (name: string) => world.kube.get(autoscalers, at(name));
const asked = async (name: string) => (await world.kube.get(deployments, at(name))).spec.replicas;
const all = (version: string, count: number): string => Array.from({ length: count }, () => version).join(' ');
const approve = (name: string, gate: string) => world.sluice.send(world.target(name), 'approve', { by: 'bob', gate });

const beside = (name: string): ReleaseSpecInput => ({
  ...world.spec(name, sampleImage('v2'), { traffic: { quiet: '0s' } }),
  strategy: { mode: 'BlueGreen', readyTimeout: '5m', blueGreen: { keepOld: '1h' } },
  gates: { afterGray: { approval: {} } },
});

/** One that goes by the metric of its own name, and has obeyed it once. */
async function autoscale(name: string, target: object): Promise<void> {
  const metric = { type: 'External', external: { metric: { name }, target } };
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name };
  const spec = { scaleTargetRef, minReplicas: 2, maxReplicas: 8, metrics: [metric] };
  const body = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name }, spec };
  await world.kube.create(autoscalers, body, { namespace: world.namespace });
  await until(async () => {
    const conditions = (await scaler(name)).status?.conditions ?? [];
    return conditions.some(({ type, status }) => type === 'ScalingActive' && status === 'True');
  });
}

it('goes on by an average: old and new pods follow it before and after the switch, and it is the Deployment’s afterwards', async () => {
  metrics?.set('mean', 300);
  await deploy('mean', 3);
  await autoscale('mean', { type: 'AverageValue', averageValue: '100' });
  const { spec } = await scaler('mean');
  await world.start(beside('mean'));
  const gate = await atGate('mean');
  expect(gate.plan?.warnings.filter(({ code }) => code === 'AUTOSCALER')).toHaveLength(1);
  metrics?.set('mean', 400);
  await until(async () => (await versions('mean')) === `${all('v1', 4)} ${all('v2', 4)}`);
  await approve('mean', 'before-switch');
  await world.until('mean', ({ waiting }) => waiting?.gate === 'after-switch');
  metrics?.set('mean', 500);
  await until(async () => (await versions('mean')) === `${all('v1', 5)} ${all('v2', 5)}`);
  await approve('mean', 'after-switch');
  expect(await ended('mean')).toMatchObject({ phase: 'succeeded' });
  expect(await versions('mean')).toBe(all('v2', 5));
  expect((await scaler('mean')).spec).toEqual(spec);
  metrics?.set('mean', 600);
  await until(async () => (await versions('mean')) === all('v2', 6));
  await clean('mean', 6);
});

it('by a value, which it multiplies by all ready pods, it goes up to its maximum, as the plan has warned; a rollback gives back the old pods', async () => {
  metrics?.set('times', 80);
  await deploy('times', 4);
  await autoscale('times', { type: 'Value', value: '100' });
  const { warnings } = await world.sluice.plan(validateSpec(beside('times')));
  expect(warnings.map(({ message }) => message).join('\n')).toContain('up to its 8 pods');
  expect(await asked('times')).toBe(4);
  await world.start(beside('times'));
  await atGate('times');
  await until(async () => (await asked('times')) === 8);
  await world.sluice.send(world.target('times'), 'rollback', { by: 'bob' });
  expect(await ended('times')).toMatchObject({ phase: 'rolledBack', notUndone: [] });
  expect(new Set((await versions('times')).split(' '))).toEqual(new Set(['v1']));
});
