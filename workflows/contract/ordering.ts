import type { ObservedPod } from './observation.ts';

/**
 * The order in which pods are upgraded: first those that are not ready (it costs nothing), then spread over the values
 * of the node label `spreadBy`, so that every stretch of the order takes from each value in turn. Stable by name,
 * whatever order the cluster lists them in.
 */
export function inOrder(pods: readonly ObservedPod[], spreadBy: string): ObservedPod[] {
  const byName = pods.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const ready = byName.filter((pod) => pod.ready);
  return [
    ...spread(
      byName.filter((pod) => !pod.ready),
      spreadBy,
    ),
    ...spread(ready, spreadBy),
  ];
}

/** Takes one pod of each value in turn. */
export function spread(pods: readonly ObservedPod[], spreadBy: string): ObservedPod[] {
  const groups = new Map<string, ObservedPod[]>();
  for (const pod of pods) {
    const value = pod.nodeLabels[spreadBy] ?? '';
    groups.set(value, [...(groups.get(value) ?? []), pod]);
  }
  const turns = [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  const longest = Math.max(0, ...turns.map((group) => group.length));
  return Array.from({ length: longest }, (_, round) => turns.flatMap((group) => group[round] ?? [])).flat();
}
