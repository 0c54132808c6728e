import { SluiceError } from '../../../workflows/contract/errors.ts';
import { marks } from '../../../workflows/contract/names.ts';
import { eachPod } from '../../eachPod.ts';
import type { Outcome } from '../../handful.ts';
import { behind, poll } from '../../kubernetes/controllers.ts';
import { KubernetesFailure } from '../../kubernetes/kubernetesFailure.ts';
import { hasLabels } from '../../kubernetes/podState.ts';
import { pods } from '../../kubernetes/resources.ts';
import type { Pod } from '../../kubernetes/wire.ts';
import type { Labels, LivePod, TrafficDeps } from '../../ports.ts';

export type Serving = 'true' | 'false' | null;

/**
 * Sets our label on one pod and says which release did it, if it takes the pod out. `gone`: not that pod any more.
 * `exact`: only if the pod is as `pod` says, else `later`. A worker that was thought dead and wakes up in the middle of
 * `open` must not put a pod back that was drained meanwhile. `besides`: further labels that go with it.
 */
export async function setServing(
  deps: TrafficDeps,
  { name, uid, pod }: LivePod,
  serving: Serving,
  { exact = false, besides = {} }: { readonly exact?: boolean; readonly besides?: Labels } = {},
): Promise<Outcome> {
  const labels = { ...besides, [marks.serving]: serving };
  const annotations = { [marks.drained]: serving === 'false' ? deps.held.holder : null };
  const at = { namespace: deps.held.target.namespace, name };
  if (hasLabels(pod.metadata.labels, labels) && hasLabels(pod.metadata.annotations, annotations)) return 'done';
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

/**
 * Sets the label on the pods that `chosen` picks, again and again until a fresh list has none and their controller has
 * seen it. The last is needed before the Service's selector asks for the label: the endpoint controller reads pods and
 * Services by two different watches, and one that knew the new selector and the old pods would drop their endpoints.
 * It shares the watch of pods with the workload's controller, which tells how many of them have the label. Where they had it
 * a moment ago, and have lost it, it may still count them: no pod gets the label before it has seen that.
 * `besides`: what labelBirths says.
 */
export async function labelUntilSeen(
  deps: TrafficDeps,
  serving: 'true' | null,
  chosen: (pod: Pod) => boolean,
  besides: Labels,
): Promise<void> {
  const own = deps.pods.all();
  let left = 0;
  let begun = serving === null;
  const done = await poll(async () => {
    const seen = await deps.workload.seen(deps.held, own);
    const pending = seen.pods.filter(chosen);
    left = pending.length;
    if (left === 0 && seen.all) return true;
    begun ||= !seen.outdated;
    if (begun) await setAll(deps, pending, serving, besides);
    return undefined;
  }, deps.signal);
  if (done) return;
  throw behind(
    left > 0 && begun
      ? `there are still ${left} pods whose label ${marks.serving} is not as it should be`
      : `the controller of the workload has not seen the label ${marks.serving} on all pods`,
  );
}

async function setAll(deps: TrafficDeps, chosen: readonly Pod[], serving: Serving, besides: Labels): Promise<void> {
  const live = chosen.map((pod) => ({ name: pod.metadata.name, uid: pod.metadata.uid, pod }));
  if (live.length === 0) return;
  const { failed } = await eachPod(live, deps.signal, (pod) =>
    setServing(deps, pod, serving, { exact: true, besides }),
  );
  const [first] = failed;
  if (first !== undefined) throw new SluiceError(first.code, `Pod ${first.pod} cannot be labelled: ${first.reason}`);
}
