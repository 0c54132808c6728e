import { marks } from '../../workflows/contract/names.ts';
import type { EndpointSlice } from '../kubernetes/wire.ts';

/** What the EndpointSlices of one Service say together. */
export interface Endpoints {
  /** Pods that are in it, by UID; `ready`: callers are sent there. */
  readonly pods: ReadonlyMap<string, { readonly ready: boolean }>;
  /** How many pods callers are sent to. */
  readonly ready: number;
  /**
   * Values of the label marks.serving that the endpoint controller has copied from the Service to its slices
   * (undefined: one without). They show by which version of the Service it works.
   */
  readonly marks: ReadonlySet<string | undefined>;
}

/** The slices are those of one Service. A pod with several addresses (IPv4 and IPv6) is ready if each of them is. */
export function endpointsOf(slices: Iterable<EndpointSlice>): Endpoints {
  const pods = new Map<string, { ready: boolean }>();
  const values = new Set<string | undefined>();
  for (const slice of slices) {
    const labels = slice.metadata.labels ?? {};
    // Slices that people or other controllers made are served too, but nobody copies the Service's labels to them.
    if (labels['endpointslice.kubernetes.io/managed-by'] === 'endpointslice-controller.k8s.io') {
      values.add(labels[marks.serving]);
    }
    for (const { targetRef, conditions } of slice.endpoints ?? []) {
      if (targetRef?.kind !== 'Pod' || targetRef.uid === undefined) continue;
      // Unknown counts as ready: discovery.k8s.io/v1 EndpointConditions.
      const ready = conditions?.ready ?? true;
      pods.set(targetRef.uid, { ready: ready && (pods.get(targetRef.uid)?.ready ?? true) });
    }
  }
  return { pods, ready: [...pods.values()].filter(({ ready }) => ready).length, marks: values };
}
