import type { Access, LivePod, Traffic, TrafficDeps } from '../ports.ts';
import type { EndpointWatches } from './endpoints.ts';
import { drainServices, restoreServices, seeOutOfServices } from './service/drain.ts';
import { closeServices, openServices } from './service/open.ts';
import { findServices, standOf } from './service/served.ts';
import { serviceStands } from './service/stands.ts';
import { usableServices } from './service/usable.ts';

const access: readonly Access[] = [
  { group: '', resource: 'services', verb: 'get' },
  { group: '', resource: 'services', verb: 'list' },
  { group: '', resource: 'services', verb: 'patch' },
  { group: '', resource: 'pods', verb: 'list' },
  { group: '', resource: 'pods', verb: 'patch' },
  { group: 'discovery.k8s.io', resource: 'endpointslices', verb: 'list' },
  { group: 'discovery.k8s.io', resource: 'endpointslices', verb: 'watch' },
];

/**
 * Kubernetes Services, without readiness gates (design §6): while a release is under way their selectors ask for a
 * label of ours besides, and a pod is taken out by one patch of that label. Several Services share the label, so a pod
 * leaves and enters all of them at once.
 */
export function serviceTraffic(names: readonly string[], deps: TrafficDeps, watches: EndpointWatches): Traffic {
  const kube = deps.kube.with(deps.signal);
  const distinct = [...new Set(names)];
  return {
    key: 'service',
    access,
    async inspect() {
      await usableServices(kube, deps.held.target, distinct, deps.pods.all());
    },
    open: () => openServices(deps, watches, distinct),
    close: () => closeServices(deps, watches, distinct),
    async snapshot(pods: readonly LivePod[]) {
      const found = await findServices(deps, names);
      return new Map(pods.map((pod) => [pod.name, found.map((service) => standOf(deps, service, pod))]));
    },
    stands: (pods) => serviceStands(deps, watches, names, pods),
    drain: (pods, rules) => drainServices(deps, watches, names, pods, rules),
    seeOut: (pods, rules) => seeOutOfServices(deps, watches, names, pods, rules),
    restore: (pods, rules) => restoreServices(deps, watches, names, pods, rules),
  };
}
