import type { Handful } from '../../workflows/contract/activities/handful.ts';
import { marks } from '../../workflows/contract/names.ts';
import type { Images } from '../../workflows/contract/observation.ts';
import { hasResources } from '../../workflows/contract/resize.ts';
import { eachPod } from '../eachPod.ts';
import type { Outcome } from '../handful.ts';
import type { LivePod, PodChange } from '../ports.ts';
import { KubernetesFailure } from './kubernetesFailure.ts';
import { recordOf } from './podRecord.ts';
import { resourcesOf } from './podResources.ts';
import { hasImages, isChangedBy, isLeaving } from './podState.ts';
import { podResize, pods as podResource } from './resources.ts';
import type { Connection } from './types.ts';
import type { Pod } from './wire.ts';

export interface PatchPodsOptions {
  readonly signal: AbortSignal;
  /** Only through validation and admission; nothing is stored. */
  readonly dryRun?: boolean;
  /** Labels that the workload's controller needs on a pod that has its new version. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Tries for one pod in this call; then it is `later`. */
const mostTries = 5;

/**
 * The in-place change: one write for each pod, with its images, the marks of the release and the record of what it was
 * (see PodRecord). A pod that has the images already is done without a write. A pod that was born again under its name
 * is never patched: the write names the UID. Other resources go first, by a write of their own: a new image then starts
 * with them.
 */
export function patchPods(
  kube: Connection,
  pods: readonly LivePod[],
  change: PodChange,
  options: PatchPodsOptions,
): Promise<Handful> {
  const { dryRun = false } = options;
  return eachPod(pods, options.signal, async ({ pod, name, uid }): Promise<Outcome> => {
    const images = change.images(name);
    const at = { namespace: pod.metadata.namespace ?? '', name };
    let current = pod;
    for (let tries = 1; tries <= mostTries; tries += 1) {
      if (current.metadata.uid !== uid || isLeaving(current)) return 'gone';
      const body = bodyOf(current, images, change, options);
      try {
        if (!hasResources(resourcesOf(current), change.resources ?? {})) {
          const resized = await resize(kube, current, change, dryRun);
          if (!dryRun) change.wrote(resized);
        }
        // Other resources leave no mark on the pod that says whose they are.
        if (hasImages(current, images) && (dryRun || change.resources === undefined || isChangedBy(current, change))) {
          return dryRun || isChangedBy(current, change) ? 'done' : 'asWas';
        }
        const written = await kube.patch(podResource, at, body, { as: 'strategic', dryRun });
        if (!dryRun) change.wrote(written);
        return 'done';
      } catch (error) {
        // Another UID under the name is a conflict to some versions of the API server, an invalid change to others.
        if (!(error instanceof KubernetesFailure) || (error.status !== 409 && error.status !== 422)) throw error;
        current = await kube.get(podResource, at);
        if (current.metadata.uid === uid && error.status === 422) throw error;
      }
    }
    return 'later';
  });
}

/** Fails where anything has changed the pod meanwhile: to this subresource a UID says nothing. */
const resize = (kube: Connection, pod: Pod, { resources = {} }: PodChange, dryRun: boolean): Promise<Pod> => {
  const { namespace = '', name, resourceVersion } = pod.metadata;
  const changed = (list: Pod['spec']['containers'] = []) =>
    list.flatMap((container) => {
      const wanted = resources[container.name];
      return wanted === undefined ? [] : [{ name: container.name, resources: wanted }];
    });
  const spec = { containers: changed(pod.spec.containers), initContainers: changed(pod.spec.initContainers) };
  const body = { metadata: { resourceVersion }, spec };
  return kube.patch(podResize, { namespace, name }, body, { as: 'strategic', dryRun });
};

function bodyOf(
  pod: Pod,
  images: Images,
  { holder, batch, annotations, resources = {} }: PodChange,
  { labels }: PatchPodsOptions,
) {
  return {
    metadata: {
      uid: pod.metadata.uid,
      labels: { ...labels, [marks.podBatch]: batch },
      annotations: {
        ...annotations?.(pod.metadata.name),
        [marks.release]: holder,
        [marks.before]: JSON.stringify(recordOf(pod, images, new Date(), Object.keys(resources))),
      },
    },
    spec: { containers: inPodOrder(pod, images).map(([name, image]) => ({ name, image })) },
  };
}

/** A strategic merge patch in another order would put the containers of the pod in that order, which is forbidden. */
const inPodOrder = ({ spec }: Pod, images: Images): readonly (readonly [string, string])[] =>
  spec.containers.flatMap(({ name }) => {
    const image = images[name];
    return image === undefined ? [] : [[name, image] as const];
  });
