import { describe, expect, it } from 'vitest';
import { resizeBetween } from '../../../activities/kubernetes/podResources.ts';
import type { PodTemplate } from '../../../activities/kubernetes/wire.ts';

type Container = NonNullable<PodTemplate['spec']>['containers'][number];
type Resources = NonNullable<Container['resources']>;

const now: Resources = { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '64Mi' } };
const template = (resources: Resources, more: Partial<Container> = {}): PodTemplate => ({
  metadata: { labels: { app: 'checkout' } },
  spec: {
    containers: [
      { name: 'app', image: 'checkout:v1', resources, ...more },
      { name: 'proxy', image: 'proxy:v1', resources: now },
    ],
  },
});
const resize = (resources: Resources, more: Partial<Container> = {}) =>
  resizeBetween(template(now), template(resources, more));
const requests = (amounts: Record<string, string>): Resources => ({
  ...now,
  requests: { ...now.requests, ...amounts },
});

describe('a resize', () => {
  it('is of the containers whose resources change, with what they were', () => {
    const to = requests({ cpu: '200m' });
    expect(resize(to)).toEqual({ from: { app: now }, to: { app: to }, restarts: [] });
    expect(resize(to, { image: 'checkout:v2' })).toEqual({ from: { app: now }, to: { app: to }, restarts: [] });
  });

  it('restarts a container where its resizePolicy says so of what changes', () => {
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
    const between = (resources: Resources) =>
      resizeBetween(template(now, { resizePolicy }), template(resources, { resizePolicy }));
    expect(between(requests({ cpu: '200m' }))).toMatchObject({ restarts: [] });
    expect(between({ ...now, limits: { memory: '128Mi' } })).toMatchObject({ restarts: ['app'] });
  });

  it('is none where nothing differs, only images do, or more than that', () => {
    expect(resize(now)).toBeUndefined();
    expect(resize(now, { image: 'checkout:v2' })).toBeUndefined();
    expect(resize(requests({ cpu: '200m' }), { env: [{ name: 'LEVEL', value: 'debug' }] })).toBeUndefined();
    expect(
      resize(requests({ cpu: '200m' }), { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }] }),
    ).toBeUndefined();
  });

  it('is of sidecars among the init containers too, and impossible of one that has ended', () => {
    const withInit = (resources: Resources, restartPolicy?: string): PodTemplate => {
      const { spec, ...rest } = template(now);
      const first = { name: 'first', image: 'first:v1', resources, ...(restartPolicy && { restartPolicy }) };
      return { ...rest, spec: { containers: spec?.containers ?? [], initContainers: [first] } };
    };
    const to = requests({ cpu: '200m' });
    expect(resizeBetween(withInit(now, 'Always'), withInit(to, 'Always'))).toEqual({
      from: { first: now },
      to: { first: to },
      restarts: [],
    });
    expect(resizeBetween(withInit(now), withInit(to))).toEqual({
      impossible: 'first is an init container, and Kubernetes resizes none that has ended',
    });
    for (const policy of ['Always', undefined]) {
      expect(resizeBetween(withInit(now, policy), withInit(now, policy))).toBeUndefined();
    }
  });

  it.each<[string, Resources, string]>([
    [
      'a resource that is fixed',
      requests({ 'ephemeral-storage': '1Gi' }),
      'requests.ephemeral-storage of a pod is fixed',
    ],
    ['an amount that goes', { requests: now.requests ?? {} }, 'limits.memory cannot be taken away'],
    ['an amount that comes', { ...now, limits: { cpu: '1', memory: '64Mi' } }, 'limits.cpu is new'],
    ['a claim', { ...now, claims: [{ name: 'gpu' }] }, 'resource claims of a pod are fixed'],
  ])('is impossible, and says why: %s', (_, to, why) => {
    expect(resize(to)).toEqual({ impossible: expect.stringContaining(why) });
  });
});
