import { setTimeout as sleep } from 'node:timers/promises';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { marks } from '../../../workflows/contract/names.ts';
import { eachPod } from '../../eachPod.ts';
import type { Outcome } from '../../handful.ts';
import { KubernetesFailure } from '../../kubernetes/kubernetesFailure.ts';
import { isLeaving } from '../../kubernetes/podState.ts';
import { pods, replicaSets } from '../../kubernetes/resources.ts';
import { selectorText } from '../../kubernetes/selectors.ts';
import type { Pod, ReplicaSet } from '../../kubernetes/wire.ts';
import type { LivePod, TrafficDeps } from '../../ports.ts';
import { controllerOf, isOwned, ownersOf } from './usable.ts';

/** The controllers need some ten milliseconds; one that needs longer is asked less often. */
const lookAgainMs = { first: 20, most: 200 };
/** How long the controllers may take to see what was written; a busy controller manager needs a second or two. */
const patienceMs = 20_000;

export type Serving = 'true' | 'false' | null;

/**
 * Sets our label on one pod and says which release did it, if it takes the pod out. `gone`: not that pod any more.
 * `exact`: only if the pod is as `pod` says, else `later`. A worker that was thought dead and wakes up in the middle of
 * `open` must not put a pod back that was drained meanwhile.
 */
export async function setServing(
  deps: TrafficDeps,
  { name, uid, pod }: LivePod,
  serving: Serving,
  { exact = false } = {},
): Promise<Outcome> {
  const labels = { [marks.serving]: serving };
  const annotations = { [marks.drained]: serving === 'false' ? deps.held.holder : null };
  const at = { namespace: deps.held.target.namespace, name };
  if (hasAll(pod.metadata.labels, labels) && hasAll(pod.metadata.annotations, annotations)) return 'done';
  try {
    // The UID is the precondition: another pod under this name is left alone.
    const version = exact ? { resourceVersion: pod.metadata.resourceVersion } : {};
    const metadata = { uid, ...version, labels, annotations };
    deps.pods.wrote(await deps.kube.patch(pods, at, { metadata }, { as: 'merge' }));
    return 'done';
  } catch (error) {
    if (!(error instanceof KubernetesFailure)) throw error;
    if (error.status === 422 && error.message.includes('metadata.uid')) return 'gone';
    if (error.status === 409 && exact) return 'later';
    throw error;
  }
}

const hasAll = (has: Readonly<Record<string, string>> = {}, wanted: Readonly<Record<string, string | null>>): boolean =>
  Object.entries(wanted).every(([key, value]) => (has[key] ?? null) === value);

/**
 * Sets the label on the pods that `chosen` picks, again and again until a fresh list has none and their controller has
 * seen it. The last is needed before the Service's selector asks for the label: the endpoint controller reads pods and
 * Services by two different watches, and one that knew the new selector and the old pods would drop their endpoints.
 * It shares the watch of pods with the ReplicaSet controller, whose status counts the pods that carry the labels of
 * the template.
 */
export async function labelUntilSeen(
  deps: TrafficDeps,
  serving: 'true' | null,
  chosen: (pod: Pod) => boolean,
): Promise<void> {
  const own = deps.pods.all();
  const deadlineMs = Date.now() + patienceMs;
  await setAll(deps, own.filter(chosen), serving);
  for (let pauseMs = lookAgainMs.first; ; pauseMs = Math.min(2 * pauseMs, lookAgainMs.most)) {
    const { living, births } = await survey(deps, own);
    const pending = living.filter(chosen);
    if (pending.length === 0 && births.every((set) => hasSeen(set, living))) return;
    if (Date.now() > deadlineMs) throw unseen(pending.length);
    await setAll(deps, pending, serving);
    await sleep(pauseMs, undefined, { signal: deps.signal });
  }
}

const unseen = (pending: number): SluiceError =>
  new SluiceError(
    'CONFLICT',
    pending > 0
      ? `After ${patienceMs / 1000} s there are still ${pending} pods whose label ${marks.serving} is not as it should be.`
      : `After ${patienceMs / 1000} s the ReplicaSet controller has not seen the label ${marks.serving} on all pods.`,
    { next: 'Look whether kube-controller-manager runs; it is tried again by itself.' },
  );

async function setAll(deps: TrafficDeps, chosen: readonly Pod[], serving: Serving): Promise<void> {
  const live = chosen.map((pod) => ({ name: pod.metadata.name, uid: pod.metadata.uid, pod }));
  if (live.length === 0) return;
  const { failed } = await eachPod(live, deps.signal, (pod) => setServing(deps, pod, serving, { exact: true }));
  const [first] = failed;
  if (first !== undefined) throw new SluiceError(first.code, `Pod ${first.pod} cannot be labelled: ${first.reason}`);
}

/** What is there now, not what a watch has heard: the ReplicaSets that bear the pods, and all pods of the owners. */
async function survey(deps: TrafficDeps, own: readonly Pod[]) {
  const kube = deps.kube.with(deps.signal);
  const { namespace } = deps.held.target;
  const sets = own.flatMap(({ metadata }) => {
    const owner = controllerOf(metadata);
    return owner?.kind === 'ReplicaSet' ? owner.name : [];
  });
  const found = await Promise.all([...new Set(sets)].map((name) => kube.find(replicaSets, { namespace, name })));
  const births = found.filter((set) => set !== undefined);
  // In this order: whatever is born after the ReplicaSet was read is born with its template.
  const lists = await Promise.all(
    births.map(({ spec }) => kube.list(pods, { namespace, labelSelector: selectorText(spec.selector) })),
  );
  const owners = ownersOf(own);
  const living = lists.flatMap(({ items }) => items).filter((pod) => isOwned(pod, owners));
  return { births, living: births.length > 0 ? living : deps.pods.all() };
}

function hasSeen(set: ReplicaSet, living: readonly Pod[]): boolean {
  const { status, spec, metadata } = set;
  const labels = spec.template?.metadata?.labels ?? {};
  const labelled = living.filter(
    (pod) => controllerOf(pod.metadata)?.uid === metadata.uid && !isLeaving(pod) && hasAll(pod.metadata.labels, labels),
  );
  return (
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    (status?.fullyLabeledReplicas ?? 0) >= labelled.length
  );
}
