import { marks } from '../../../workflows/contract/names.ts';
import type { Standing } from '../../../workflows/contract/trafficLook.ts';
import { isReady } from '../../kubernetes/podState.ts';
import type { Service } from '../../kubernetes/wire.ts';
import type { LivePod, TrafficDeps } from '../../ports.ts';
import type { EndpointWatches } from '../endpoints.ts';
import { findServices } from './served.ts';
import { isOpen, wouldServe } from './usable.ts';

/** How each pod stands in the Services of these names, by their EndpointSlices. */
export async function serviceStands(
  deps: TrafficDeps,
  watches: EndpointWatches,
  names: readonly string[],
  pods: readonly LivePod[],
): Promise<ReadonlyMap<string, readonly Standing[]>> {
  const found = await findServices(deps, names);
  return watches.use(deps.held.target.namespace, names, async (open) => {
    const standing = (live: LivePod, name: string, service: Service | undefined): Standing => {
      if (service === undefined) return { is: 'unknown', text: 'there is no such Service' };
      const endpoint = open.get(name)?.now().pods.get(live.uid);
      return endpoint === undefined ? whyNot(service, live) : { is: endpoint.ready ? 'in' : 'notReady' };
    };
    return new Map(pods.map((live) => [live.name, names.map((name, at) => standing(live, name, found[at]))] as const));
  });
}

function whyNot(service: Service, { pod }: LivePod): Standing {
  if (!wouldServe(service, pod)) return { is: 'absent', text: 'its selector does not match it' };
  const { labels, annotations } = pod.metadata;
  if (isOpen(service) && labels?.[marks.serving] !== 'true') {
    return annotations?.[marks.drained] === undefined
      ? { is: 'disabled', text: `${marks.serving}=${labels?.[marks.serving] ?? ''}` }
      : { is: 'taken' };
  }
  return isReady(pod) ? { is: 'unknown', text: 'selected, and without an endpoint' } : { is: 'notReady' };
}
