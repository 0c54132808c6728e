import { workloadName } from '../names.ts';
import type { Observation, ObservedPod } from '../observation.ts';
import { invalid } from './invalid.ts';

/** Which pods go first. */
export interface PodOrder {
  /** Node label whose values are zones. */
  readonly spreadBy: string;
  /** Pack: all of one zone before the next one. Default: in turn from each. */
  readonly arrange?: 'Spread' | 'Pack';
  /** Default: the highest ordinal where pods have some, else by name. */
  readonly first?: 'Newest' | 'Oldest' | 'HighestOrdinal' | 'LowestOrdinal';
}

/** Short names of node labels that people write. */
const labelAliases: Readonly<Record<string, string>> = {
  zone: 'topology.kubernetes.io/zone',
  node: 'kubernetes.io/hostname',
};

export const nodeLabel = (name: string): string => labelAliases[name] ?? name;

/** The zone of a pod: the value of that label on its node. */
export const zoneOf = (pod: ObservedPod, { spreadBy }: PodOrder): string | undefined => pod.nodeLabels[spreadBy];

/** @throws SPEC_INVALID where pods shall go by ordinals that they have not */
export function requireOrdinals(
  { first }: Pick<PodOrder, 'first'>,
  { target, pods }: Observation,
  field = 'strategy.order.first',
): void {
  if (!first?.endsWith('Ordinal') || pods.some(({ ordinal }) => ordinal !== undefined)) return;
  throw invalid(field, {
    found: first,
    allowed: `Newest or Oldest: the pods of ${workloadName(target)} have no ordinals`,
  });
}

/**
 * Pods that are not ready first: changing them takes nothing away. Then in turn from each zone, so that every beginning
 * of the list is spread as evenly as what is left allows, or zone after zone; within a zone as `first` says. Ordinals go
 * before zones: the highest first is what a StatefulSet's controller does. Pods on lost nodes come last: they answer
 * nothing, and are perhaps replaced until then.
 */
export function inOrder(pods: readonly ObservedPod[], order: PodOrder): readonly ObservedPod[] {
  const taken = new Map<string, number>();
  const groups = [
    pods.filter(({ ready, nodeReady }) => nodeReady && !ready),
    pods.filter(({ ready, nodeReady }) => nodeReady && ready),
    pods.filter(({ nodeReady }) => !nodeReady),
  ];
  return groups.flatMap((group) => arranged(group, order, taken));
}

/** Pods of one zone that are still to be taken: those from `next` on. */
interface Zone {
  readonly name: string;
  readonly pods: ObservedPod[];
  next: number;
}

/** `taken`: how many of each zone came before. */
function arranged(pods: readonly ObservedPod[], order: PodOrder, taken: Map<string, number>): readonly ObservedPod[] {
  const before = comparing(order);
  const byOrdinal = order.first === undefined || order.first.endsWith('Ordinal');
  const zones = new Map<string, Zone>();
  for (const pod of pods.toSorted(before)) {
    const name = byOrdinal && pod.ordinal !== undefined ? '' : (zoneOf(pod, order) ?? '');
    const zone = zones.get(name) ?? { name, pods: [], next: 0 };
    zone.pods.push(pod);
    zones.set(name, zone);
  }
  // Zones go by name, but where pods have an order of their own, by the pods whose turn it is.
  const zoneBefore = (a: Zone, b: Zone): number => {
    const [one, other] = [a.pods[a.next], b.pods[b.next]];
    return (order.first && one && other ? before(one, other) : 0) || compare(a.name, b.name);
  };
  const all = [...zones.values()].toSorted(zoneBefore);
  return order.arrange === 'Pack' ? all.flatMap((zone) => zone.pods) : inTurn(all, zoneBefore, taken);
}

/** Always the next pod of a zone from which the fewest were taken. */
function inTurn(
  zones: readonly Zone[],
  zoneBefore: (a: Zone, b: Zone) => number,
  taken: Map<string, number>,
): readonly ObservedPod[] {
  const order: ObservedPod[] = [];
  let open = zones;
  while (open.length > 0) {
    const level = Math.min(...open.map(({ name }) => taken.get(name) ?? 0));
    for (const zone of open.toSorted(zoneBefore)) {
      const pod = zone.pods[zone.next];
      if (pod === undefined || (taken.get(zone.name) ?? 0) !== level) continue;
      order.push(pod);
      zone.next += 1;
      taken.set(zone.name, level + 1);
    }
    open = open.filter(({ pods, next }) => next < pods.length);
  }
  return order;
}

function comparing({ first }: PodOrder): (a: ObservedPod, b: ObservedPod) => number {
  const age = first === 'Newest' ? -1 : first === 'Oldest' ? 1 : 0;
  const ordinal = first === 'LowestOrdinal' ? 1 : -1;
  return (a, b) =>
    age * compare(a.createdAt, b.createdAt) ||
    ordinal * ((a.ordinal ?? 0) - (b.ordinal ?? 0)) ||
    compare(a.name, b.name);
}

/** By code unit: an order that no locale changes. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
