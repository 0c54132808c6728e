import type { ClusterActivities } from '../workflows/contract/activities.ts';
import { type Target, workloadName } from '../workflows/contract/names.ts';
import type { TrafficSource } from '../workflows/contract/spec.ts';
import { sourceText } from '../workflows/contract/traffic.ts';
import type { TrafficLook } from '../workflows/contract/trafficLook.ts';
import { activity } from './call.ts';
import { isLeaving, isReady } from './kubernetes/podState.ts';
import { findingsOf } from './observe/findings.ts';
import { requireAccess } from './observe/requireAccess.ts';
import { noPods } from './podsOf.ts';
import type { LivePod } from './ports.ts';
import { type Shared, scopeOf } from './scope.ts';

/** The look at who is in traffic, in what is asked for and in every Service that selects the pods. */
export function trafficActivity(shared: Shared): ClusterActivities['traffic'] {
  return activity(async ({ target, through: given }, call): Promise<TrafficLook> => {
    const asked = valid(shared, target, given);
    const before = scopeOf(shared, { target, uid: '', holder: '' }, call);
    const { kube, workload } = before;
    await requireAccess(kube, target.namespace, [...workload.access, ...before.traffic(asked, noPods).access]);
    const observed = await workload.observe(target);
    const { services, openServices } = await findingsOf(kube, target, observed);
    const through = withServices(asked, services);
    const scope = scopeOf(shared, { target, uid: observed.uid, holder: observed.holder ?? '' }, call);
    return scope.withPods(async (pods) => {
      const own = pods
        .all()
        .filter((pod) => !isLeaving(pod))
        .map((pod): LivePod => ({ name: pod.metadata.name, uid: pod.metadata.uid, pod }))
        .toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
      const stands = await scope.traffic(through, pods).stands(own);
      return {
        target,
        sources: through.map(sourceText),
        pods: own.map(({ name, pod }) => ({
          name,
          node: pod.spec.nodeName ?? '',
          ready: isReady(pod),
          stands: stands.get(name) ?? [],
        })),
        openServices,
        held: observed.holder !== undefined,
      };
    });
  });
}

/** It may come by hand, and from a release of long ago: the defaults are filled in. @throws SPEC_INVALID */
function valid({ factories }: Shared, target: Target, through: readonly TrafficSource[]): readonly TrafficSource[] {
  if (through.length === 0) return [];
  const { cluster, namespace } = target;
  const spec = { metadata: { namespace }, target: { cluster, workload: workloadName(target) } };
  return factories.validateDrain({ ...spec, drain: { pods: [] }, traffic: { through } }).traffic.through;
}

function withServices(asked: readonly TrafficSource[], services: readonly string[]): readonly TrafficSource[] {
  const named = new Set(asked.flatMap((source) => ('service' in source ? [source.service] : [])));
  return [...services.filter((service) => !named.has(service)).map((service) => ({ service })), ...asked];
}
