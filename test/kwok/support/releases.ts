import { expect } from 'vitest';
import { endpointSlices } from '../../../activities/kubernetes/resources.ts';
import { endpointsOf } from '../../../activities/traffic/endpointView.ts';
import { type SampleTag, sampleImage } from '../../../local/sample.ts';
import type { ReleaseSpecInput } from '../../../workflows/contract/spec.ts';
import { until, type World } from '../../support/world.ts';

/** Gates: one approval after gray, none after a batch. */
export const approval = { afterGray: { bake: '0s', approval: {} }, afterBatch: { bake: '0s' } };

/** The version of an image of the sample: `v1`. */
export const versionOf = (image: string): string => /:(v\d)/.exec(image)?.[1] ?? image;

/** What a test says and asks of whole releases through a Service, on kwok. `world`: the one that is open by then. */
export function releasesIn(world: () => World) {
  const callable = async (name: string): Promise<number> => {
    const labelSelector = `kubernetes.io/service-name=${name}`;
    const { items } = await world().kube.list(endpointSlices, { namespace: world().namespace, labelSelector });
    return endpointsOf(items).ready;
  };
  return {
    spec: (name: string, tag: SampleTag, change: Partial<ReleaseSpecInput> = {}): ReleaseSpecInput =>
      world().spec(name, sampleImage(tag), { traffic: { through: [{ service: name }], quiet: '0s' }, ...change }),
    /** Until all are called. */
    deploy: async (name: string, replicas: number): Promise<void> => {
      await world().deploy({ name, image: sampleImage('v1'), runtime: 'kwok', replicas });
      await until(async () => (await callable(name)) === replicas);
    },
    ended: (name: string) => world().until(name, (status) => status.endedAt !== undefined),
    atGate: (name: string) => world().until(name, ({ waiting }) => waiting?.for === 'approval'),
    /** How many pods have each version, as `v1 v1 v2`. */
    versions: async (name: string): Promise<string> =>
      [...(await world().pods(name)).values()]
        .map(({ image }) => versionOf(image))
        .toSorted()
        .join(' '),
    uids: async (name: string): Promise<string[]> =>
      [...(await world().pods(name)).values()].map(({ uid }) => uid).toSorted(),
    /** Pods that the Service sends callers to. */
    callable,
    /** Nothing of the release is left, and every pod is called. */
    clean: async (name: string, count: number): Promise<void> => {
      expect(await world().traces(name)).toEqual([]);
      await until(async () => (await callable(name)) === count);
    },
  };
}
