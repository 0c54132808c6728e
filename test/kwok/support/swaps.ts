import { pods } from '../../../activities/kubernetes/resources.ts';
import { type SampleTag, sampleImage } from '../../../local/sample.ts';
import type { ReleaseSpecInput } from '../../../workflows/contract/spec.ts';
import type { World } from '../../support/world.ts';
import { versionOf } from './releases.ts';

/** What a test says and asks of hot swaps, on kwok. `world`: the one that is open by then. */
export function swapsIn(world: () => World) {
  return {
    deploy: (name: string, replicas: number): Promise<void> =>
      world().deploy({ name, image: sampleImage('v1'), pair: sampleImage('empty'), runtime: 'kwok', replicas }),
    spec: (name: string, tag: SampleTag, change: Partial<ReleaseSpecInput> = {}): ReleaseSpecInput =>
      world().spec(name, sampleImage(tag), {
        change: {
          hotSwap: { containers: ['app', 'app-2'], image: sampleImage(tag), emptyImage: sampleImage('empty') },
        },
        ...change,
      }),
    ended: (name: string) => world().until(name, ({ endedAt }) => endedAt !== undefined),
    atGate: (name: string) => world().until(name, ({ waiting }) => waiting?.for === 'approval'),
    /** What the pair of each pod has, and how often its containers were restarted: `v1 empty 0 0`. */
    pairs: async (name: string): Promise<string[]> =>
      [...(await world().pods(name)).values()]
        .map(({ containers: { app, 'app-2': second } }) => {
          const [one, two] = [app, second].map((container) =>
            versionOf(container?.image ?? '')
              .split(':')
              .at(-1),
          );
          return [one, two, app?.restarts, second?.restarts].join(' ');
        })
        .toSorted(),
    uids: async (name: string): Promise<string[]> =>
      [...(await world().pods(name)).values()].map(({ uid }) => uid).toSorted(),
    /** Who serves, as each pod says. */
    noted: async (name: string): Promise<string[]> => {
      const { items } = await world().kube.list(pods, { namespace: world().namespace, labelSelector: `app=${name}` });
      return items.map(({ metadata }) => metadata.annotations?.['sluice.dev/hot-swap'] ?? '-').toSorted();
    },
  };
}

export const afterGray = { gates: { afterGray: { approval: {} } } };
