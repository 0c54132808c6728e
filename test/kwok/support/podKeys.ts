import { pods } from '../../../activities/kubernetes/resources.ts';
import type { World } from '../../support/world.ts';

/** What a scale leaves on pods while it runs: `name: key=value`, of every pod that lives. */
export async function podKeys({ kube, namespace }: World, name: string): Promise<readonly string[]> {
  const { items } = await kube.list(pods, { namespace, labelSelector: `app=${name}` });
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .flatMap(({ metadata }) =>
      Object.entries({ ...metadata.annotations, ...metadata.labels })
        .filter(([key]) => /deletion-cost|sluice\.dev\/(leaving|serving|drained)/.test(key))
        .map(([key, value]) => `${metadata.name}: ${key}=${value}`),
    );
}
