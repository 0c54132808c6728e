import { marks } from '../../../workflows/contract/names.ts';
import { services } from '../../kubernetes/resources.ts';
import type { Service } from '../../kubernetes/wire.ts';
import type { LivePod, PumpedPod, TrafficDeps } from '../../ports.ts';
import { wouldServe } from './usable.ts';

/** The Services of these names, in their order; undefined where one is gone. */
export function findServices(deps: TrafficDeps, names: readonly string[]): Promise<readonly (Service | undefined)[]> {
  const kube = deps.kube.with(deps.signal);
  const { namespace } = deps.held.target;
  return Promise.all(names.map((name) => kube.find(services, { namespace, name })));
}

/** How a pod stood towards one Service before its drain. */
interface Stand {
  /** The Service sent callers to it, or would have if it had been ready. */
  readonly served: boolean;
}

/**
 * How a pod stands now. One that this release has drained (a batch that was stopped, then rolled back) stands as it
 * did before that drain; one that somebody else took out with our label stays out.
 */
export function standOf(deps: TrafficDeps, service: Service | undefined, { pod }: LivePod): Stand {
  const { labels, annotations } = pod.metadata;
  const out = labels?.[marks.serving] === 'false' && annotations?.[marks.drained] !== deps.held.holder;
  return { served: service !== undefined && !out && wouldServe(service, pod) };
}

/** The Services that a pod was in before its drain, by its snapshot. */
export function servedBy(pod: PumpedPod, found: readonly (Service | undefined)[]): readonly Service[] {
  return found.flatMap((service, at) => {
    if (service === undefined) return [];
    const before = pod.before?.[at];
    const served = isStand(before) ? before.served : wouldServe(service, pod.pod);
    return served ? service : [];
  });
}

const isStand = (value: unknown): value is Stand =>
  typeof value === 'object' && value !== null && 'served' in value && typeof value.served === 'boolean';
