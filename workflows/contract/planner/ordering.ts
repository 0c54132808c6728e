import type { ObservedPod } from '../observation.ts';

export type ZoneOf = (pod: ObservedPod) => string | undefined;

/** Short names of node labels that people write. */
const labelAliases: Readonly<Record<string, string>> = { zone: 'topology.kubernetes.io/zone' };

export const nodeLabel = (name: string): string => labelAliases[name] ?? name;

/** The zone of a pod: the value of `label` on its node. */
export const zonesBy =
  (label: string): ZoneOf =>
  (pod) =>
    pod.nodeLabels[label];

/**
 * Pods that are not ready first: changing them takes nothing away. Then in turn from each zone, so that every beginning
 * of the list is spread as evenly as what is left allows. Within a zone by name. Pods that have ordinals go by those,
 * the highest first, whatever their zones, as a StatefulSet's controller does. Pods on lost nodes come last: they answer
 * nothing, and are perhaps replaced until then.
 */
export function inOrder(pods: readonly ObservedPod[], zoneOf: ZoneOf): readonly ObservedPod[] {
  const taken = new Map<string, number>();
  const groups = [
    pods.filter(({ ready, nodeReady }) => nodeReady && !ready),
    pods.filter(({ ready, nodeReady }) => nodeReady && ready),
    pods.filter(({ nodeReady }) => !nodeReady),
  ];
  return groups.flatMap((group) => spread(group, zoneOf, taken));
}

/** Always the next pod of a zone from which the fewest were taken. `taken` goes on from what came before. */
function spread(pods: readonly ObservedPod[], zoneOf: ZoneOf, taken: Map<string, number>): ObservedPod[] {
  const queues = new Map<string, ObservedPod[]>();
  for (const pod of pods.toSorted(byOrdinal)) {
    const zone = pod.ordinal === undefined ? (zoneOf(pod) ?? '') : '';
    const queue = queues.get(zone);
    if (queue === undefined) queues.set(zone, [pod]);
    else queue.push(pod);
  }
  const order: ObservedPod[] = [];
  let open = [...queues].toSorted(([a], [b]) => compare(a, b)).map(([zone, queue]) => ({ zone, queue, next: 0 }));
  while (open.length > 0) {
    const level = open.reduce((least, { zone }) => Math.min(least, taken.get(zone) ?? 0), Number.POSITIVE_INFINITY);
    for (const one of open) {
      const pod = one.queue[one.next];
      if (pod === undefined || (taken.get(one.zone) ?? 0) !== level) continue;
      order.push(pod);
      one.next += 1;
      taken.set(one.zone, level + 1);
    }
    open = open.filter(({ queue, next }) => next < queue.length);
  }
  return order;
}

const byOrdinal = (a: ObservedPod, b: ObservedPod): number =>
  (b.ordinal ?? 0) - (a.ordinal ?? 0) || compare(a.name, b.name);

/** By code unit: an order that no locale changes. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
