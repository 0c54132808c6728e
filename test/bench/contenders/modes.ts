import { validateScale } from '../../../workflows/contract/scale/validate.schema.ts';
import type { ReleaseSpecInput } from '../../../workflows/contract/spec.ts';
import { type App, versionFile } from '../apps.ts';
import type { Contender, Place } from './contender.ts';
import { release, releaseSpec } from './release.ts';
import { changed, noSurge, rollout, rolloutNoSurge } from './rollout.ts';
import { measured } from './sluice.ts';

/** Each way of Sluice beside the native way of doing the same; without a drain, as the native ones have none. */

const inMode = (place: Place, strategy: ReleaseSpecInput['strategy']): ReleaseSpecInput => {
  const spec = releaseSpec(place, false);
  return { ...spec, strategy: { ...spec.strategy, ...strategy } };
};
/** Those that bring new pods beside the old know no gray group here, and leave nothing standing. */
const beside = (place: Place, strategy: ReleaseSpecInput['strategy']): ReleaseSpecInput => ({
  ...releaseSpec(place, false),
  strategy,
  gates: { afterGray: { approval: false }, afterBatch: { approval: false } },
});

const nativeSurge = rollout('native-surge', 'Deployment, maxUnavailable 0', (maxSurge) => ({
  maxUnavailable: 0,
  maxSurge,
}));
const nativeBeside = rollout('native-beside', 'Deployment, maxSurge 100%', () => ({
  maxUnavailable: 0,
  maxSurge: '100%',
}));
const nativeRestart = rollout('native-restart', 'kubectl rollout restart, maxSurge 0', noSurge, () => ({
  spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() } } } },
}));

/** Other resources of the container `app`, as a patch of the template. */
const otherCpu = async (app: App): Promise<object> => {
  const [pod] = await app.pods();
  const cpu = pod?.spec.containers[0]?.resources?.requests?.['cpu'] === '5m' ? '7m' : '5m';
  return { spec: { containers: [{ name: 'app', resources: { requests: { cpu } } }] } };
};
const nativeResources = rollout('native-resources', 'Deployment, other cpu, maxSurge 0', noSurge, async (app) => ({
  spec: { template: await otherCpu(app) },
}));

/** Half of the pods go, then as many come back: a scale down and one up. */
const nativeScale: Contender = {
  name: 'native-scale',
  title: 'kubectl scale, to half and back',
  async run({ stack, app }) {
    const at = { namespace: app.namespace, name: app.name };
    const { length } = await app.pods();
    const started = performance.now();
    for (const replicas of [half(length), length]) await changed(stack.kube, at, { spec: { replicas } });
    return { ms: performance.now() - started };
  },
};
const scale: Contender = {
  name: 'scale',
  title: 'Sluice, scale to half and back',
  beside: nativeScale.name,
  async run(place) {
    const { name, namespace } = place.app;
    const { length } = await place.app.pods();
    const to = (replicas: number) =>
      measured(place, () =>
        place.stack.sluice.scale(
          validateScale({
            metadata: { name, namespace },
            target: { cluster: place.cluster, workload: `deployment/${name}` },
            scale: { to: replicas },
            strategy: { batches: ['100%'] },
            gates: { afterBatch: { approval: false } },
          }),
          { initiator: 'bench' },
        ),
      );
    const down = await to(half(length));
    const up = await to(length);
    return { ms: down.ms + up.ms };
  },
};
const half = (count: number): number => Math.ceil(count / 2);

export const modes: readonly Contender[] = [
  rolloutNoSurge,
  release('recreate', 'Sluice, Recreate', (place) => inMode(place, { mode: 'Recreate' }), { beside: 'rollout-0' }),
  nativeSurge,
  release(
    'surge',
    'Sluice, Recreate with maxSurge',
    (place) => inMode(place, { mode: 'Recreate', maxSurge: place.maxUnavailable }),
    { beside: nativeSurge.name },
  ),
  nativeBeside,
  release(
    'blue-green',
    'Sluice, BlueGreen',
    (place) => beside(place, { mode: 'BlueGreen', blueGreen: { services: [place.app.name], keepOld: '0s' } }),
    { beside: nativeBeside.name },
  ),
  release(
    'canary',
    'Sluice, Canary: 5%, 25%, all',
    (place) => beside(place, { mode: 'Canary', canary: { services: [place.app.name], steps: ['5%', '25%'] } }),
    { beside: nativeBeside.name },
  ),
  nativeRestart,
  release(
    'restart',
    'Sluice, restart in place',
    (place) => ({ ...releaseSpec(place, false), change: { restart: true } }),
    { beside: nativeRestart.name },
  ),
  nativeResources,
  release(
    'resize',
    'Sluice, cpu in place',
    async (place) => {
      const spec = inMode(place, { mode: 'InPlaceOnly' });
      return { ...spec, change: { template: await otherCpu(place.app) } };
    },
    { beside: nativeResources.name },
  ),
  // Natively a program gets another configuration, and a sidecar another version, by another pod.
  release(
    'hot-reload',
    'Sluice, HotReload: a command',
    (place) => ({
      ...releaseSpec(place, false),
      change: {
        reload: {
          version: 'bench',
          containers: ['app'],
          command: ['sh', '-c', `echo bench > ${versionFile} && kill -HUP 1`],
        },
      },
    }),
    { beside: nativeRestart.name, kubeletOnly: true },
  ),
  release(
    'hot-swap',
    'Sluice, HotSwap',
    (place) => {
      const { to: image, empty: emptyImage } = place.app;
      return {
        ...releaseSpec(place, false),
        change: { hotSwap: { containers: ['app', 'app-2'], image, emptyImage }, prePull: 'Off' },
      };
    },
    { beside: rolloutNoSurge.name, paired: true, kubeletOnly: true },
  ),
  nativeScale,
  scale,
];
