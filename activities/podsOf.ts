import type { HeldRequest } from '../workflows/contract/activities/hold.ts';
import { SluiceError } from '../workflows/contract/errors.ts';
import { type Target, workloadName } from '../workflows/contract/names.ts';
import type { PodRef } from '../workflows/contract/plan.ts';
import { versionOf } from './kubernetes/podCache.ts';
import type { PodWatch } from './kubernetes/podWatch.ts';
import type { PodWatches } from './kubernetes/podWatches.ts';
import type { LivePod, PodsOf, Workload } from './ports.ts';

/** The pods of one workload, live. */
export interface WorkloadPods extends PodsOf {
  readonly watch: PodWatch;
  /** resourceVersion of the newest state that was written through `wrote`. */
  lastWrite(): string | undefined;
  /** Splits `refs` into those that are there, with their newest state, and the names of those that are gone. */
  split<R extends PodRef>(
    refs: readonly R[],
  ): { readonly live: readonly (R & LivePod)[]; readonly gone: readonly string[] };
}

/** Of a workload that is not there. */
export const noPods: PodsOf = {
  all: () => [],
  find: () => undefined,
  subscribe: () => () => undefined,
  wrote: () => undefined,
};

/** Selectors do not change in the life of a workload: read once for each UID. */
export type SelectorCache = Map<string, string>;

/** Runs `use` with the pods of the workload that `held` names, from the worker's shared watch. */
export async function withPods<T>(
  held: Pick<HeldRequest, 'target' | 'uid'>,
  { workload, watches, selectors }: { workload: Workload; watches: PodWatches; selectors: SelectorCache },
  use: (pods: WorkloadPods) => Promise<T>,
): Promise<T> {
  const { target, uid } = held;
  let labelSelector = selectors.get(uid);
  if (labelSelector === undefined) {
    const observed = await workload.observe(target);
    if (observed.uid !== uid) {
      throw new SluiceError('WORKLOAD_NOT_FOUND', `${workloadName(target)} was deleted and made anew in mid-release.`);
    }
    labelSelector = observed.selector;
    selectors.set(uid, labelSelector);
  }
  return watches.use({ namespace: target.namespace, labelSelector }, (watch) => use(podsOf(target, workload, watch)));
}

function podsOf(target: Target, workload: Workload, watch: PodWatch): WorkloadPods {
  let last: string | undefined;
  return {
    watch,
    all: () => watch.all().filter((pod) => workload.owns(target, pod)),
    wrote: (pod) => {
      const { resourceVersion } = pod.metadata;
      if (last === undefined || versionOf(resourceVersion) > versionOf(last)) last = resourceVersion;
      watch.wrote(pod);
    },
    lastWrite: () => last,
    subscribe: (listener) => watch.subscribe(listener),
    find: (ref) => watch.find(ref),
    split: (refs) => {
      const live = refs.flatMap((ref) => {
        const pod = watch.find(ref);
        return pod ? [{ ...ref, pod }] : [];
      });
      const there = new Set(live.map(({ name }) => name));
      return { live, gone: refs.map(({ name }) => name).filter((name) => !there.has(name)) };
    },
  };
}
