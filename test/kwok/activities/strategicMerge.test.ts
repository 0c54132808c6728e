import { describe, expect, it } from 'vitest';
import { deployments } from '../../../activities/kubernetes/resources.ts';
import { strategicMerge } from '../../../activities/kubernetes/strategicMerge.ts';
import type { Deployment, PodTemplate } from '../../../activities/kubernetes/wire.ts';
import { ground } from './fixtures.ts';

const { world } = await ground();
const { kube, namespace } = world;
const at = { namespace, name: 'merged' };

const container = (name: string, more: object = {}) => ({ name, image: `registry.test/${name}:v1`, ...more });
const labels = { app: 'merged' };
await kube.create(
  deployments,
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: at,
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { a: '1', b: '2' } },
        spec: {
          containers: [
            container('one', {
              env: ['A', 'B', 'C'].map((name) => ({ name, value: name })),
              ports: [{ containerPort: 80 }, { containerPort: 81 }],
              resources: { requests: { cpu: '1', memory: '1Gi' } },
              volumeMounts: [{ name: 'data', mountPath: '/data' }],
            }),
            container('two'),
            container('three', { args: ['x', 'y'] }),
          ],
          initContainers: [container('first')],
          nodeSelector: { disk: 'ssd', zone: 'a' },
          tolerations: [{ key: 'a', operator: 'Exists' }],
          volumes: [{ name: 'data', emptyDir: {} }],
        },
      },
    },
  },
  { namespace },
);
const before = (await kube.get(deployments, at)).spec.template;
/** As the API server would store the template. */
const dry = async (body: unknown, as: 'strategic' | 'json'): Promise<PodTemplate> =>
  (await kube.patch<Deployment>(deployments, at, body, { as, dryRun: true })).spec.template;

const spec = (...containers: readonly object[]) => ({ spec: { containers } });
const cases: Readonly<Record<string, object>> = {
  'an image': spec({ name: 'two', image: 'registry.test/two:v2' }),
  'containers in another order': spec({ name: 'three' }, { name: 'one', args: ['z'] }),
  'a container more': spec(container('four')),
  'a container more behind one that is there': spec({ name: 'two' }, container('four')),
  'a container less': spec({ name: 'two', $patch: 'delete' }),
  'another list of containers': spec({ $patch: 'replace' }, container('only')),
  'env that comes, changes and goes': spec({
    name: 'one',
    env: [
      { name: 'D', value: 'd' },
      { name: 'B', value: 'b' },
      { name: 'A', $patch: 'delete' },
    ],
  }),
  'env from elsewhere': spec({
    name: 'one',
    env: [{ name: 'A', value: null, valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
  }),
  'ports and mounts': spec({
    name: 'one',
    ports: [{ containerPort: 81, name: 'admin' }],
    volumeMounts: [{ name: 'data', mountPath: '/more' }],
  }),
  'resources, one of which goes': spec({
    name: 'one',
    resources: { requests: { cpu: null }, limits: { memory: '2Gi' } },
  }),
  'lists that are replaced': {
    spec: { tolerations: [{ key: 'b', operator: 'Exists' }], containers: [{ name: 'three', args: ['z'] }] },
  },
  'a volume of another kind': {
    spec: { volumes: [{ name: 'data', $retainKeys: ['name', 'configMap'], configMap: { name: 'files' } }] },
  },
  'maps: one key more, one less, one map less': {
    metadata: { labels: { version: 'v2' }, annotations: { a: null } },
    spec: { nodeSelector: { $patch: 'replace', zone: 'b' }, affinity: null, initContainers: null },
  },
  'a whole template': { $patch: 'replace', metadata: { labels }, ...spec(container('only')) },
};

describe('a strategic merge patch of a template is what the API server makes of it', () => {
  it.each(Object.entries(cases))('%s', async (_, patch) => {
    const template = strategicMerge(before, patch);
    const ours = await dry([{ op: 'replace', path: '/spec/template', value: template }], 'json');
    expect(ours).toEqual(await dry({ spec: { template: patch } }, 'strategic'));
    expect(ours).not.toEqual(before);
  });

  it.each([
    ['an item without its key', spec({ image: 'registry.test/one:v2' }), /an item of containers has no name/],
    ['a directive of kubectl’s own', { spec: { '$setElementOrder/containers': [{ name: 'one' }] } }, /is unknown/],
    ['a directive that there is none of', { spec: { $patch: 'append' } }, /is unknown/],
  ])('%s is refused', (_, patch, message) => {
    expect(() => strategicMerge(before, patch)).toThrow(message);
  });
});
