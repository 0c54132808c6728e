import { endpointSlices } from '../../activities/kubernetes/resources.ts';
import type { Connection } from '../../activities/kubernetes/types.ts';
import { endpointsOf } from '../../activities/traffic/endpointView.ts';
import type { Front } from './fronts.ts';

interface Place {
  readonly kube: Connection;
  readonly namespace: string;
}

/** How many ready endpoints a Service has, as its EndpointSlices show. */
export async function readyIn({ kube, namespace }: Place, service: string): Promise<number> {
  const labelSelector = `kubernetes.io/service-name=${service}`;
  const { items } = await kube.list(endpointSlices, { namespace, labelSelector });
  return endpointsOf(items).ready;
}

/** Looks until it is called: to which Services without a ready endpoint callers were sent meanwhile. */
export function watchful(place: Place, front: Front, name: string): () => Promise<readonly string[]> {
  const over = new AbortController();
  const empty: string[] = [];
  const watching = (async () => {
    const sent = async (service: string): Promise<boolean> =>
      (await front.split(place, name)).split(', ').some((share) => share.startsWith(`${service} `));
    while (!over.signal.aborted) {
      for (const service of [name, `${name}-canary`]) {
        // The split is read first, and once more: a Service that callers are sent to must be ready from before.
        if ((await sent(service)) && (await readyIn(place, service)) === 0 && (await sent(service)))
          empty.push(service);
      }
    }
  })();
  return async () => {
    over.abort();
    await watching;
    return empty;
  };
}
