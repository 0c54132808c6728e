import { marks } from '../../workflows/contract/names.ts';
import type { Images } from '../../workflows/contract/observation.ts';
import { runsImage, statusOf } from './podState.ts';
import type { Pod } from './wire.ts';

/**
 * How the containers of a pod stood when their images were changed: an annotation (marks.before) that is written by
 * the very patch that changes them. "Done" means that the container is another one than then, and only something that
 * is written with the change survives a crash of the worker between the patch and the wait: the workflow's history
 * knows the pod before its drain, not at the patch. The status alone cannot tell: two tags of one image keep imageID
 * and may keep status.image. OpenKruise keeps its apps.kruise.io/inplace-update-state for the same reason.
 */
export interface PodRecord {
  /** When it was written, ISO 8601, by the worker's clock. */
  readonly at: string;
  readonly containers: Readonly<Record<string, ContainerRecord>>;
}

export interface ContainerRecord {
  readonly image: string;
  readonly containerID: string;
  readonly imageID: string;
  readonly restarts: number;
  /**
   * Kubelet had not been seen to run `image` yet (a change that follows the last one closely): a container with
   * another image may still be that one's, not this one's.
   */
  readonly behind?: true;
  /** Reason of its waiting state then, such as ImagePullBackOff: the same reason a moment later is no news. */
  readonly waiting?: string;
}

/** The record for a patch of `pod` to `images`. `resized`: containers that get other resources. */
export function recordOf(pod: Pod, images: Images, at: Date, resized: readonly string[] = []): PodRecord {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
    .filter(({ name, image }) => resized.includes(name) || (images[name] !== undefined && images[name] !== image))
    .map(({ name, image }): [string, ContainerRecord] => {
      const status = statusOf(pod, name);
      const waiting = status?.state?.waiting?.reason;
      return [
        name,
        {
          image: image ?? '',
          containerID: status?.containerID ?? '',
          imageID: status?.imageID ?? '',
          restarts: status?.restartCount ?? 0,
          ...(status && !runsImage(status, image ?? '') && { behind: true }),
          ...(waiting !== undefined && { waiting }),
        },
      ];
    });
  return { at: at.toISOString(), containers: Object.fromEntries(containers) };
}

/** The record on `pod`; undefined where there is none, or where somebody has made it unreadable. */
export function readRecord(pod: Pod): PodRecord | undefined {
  const text = pod.metadata.annotations?.[marks.before];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is PodRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'at' in value &&
    typeof value.at === 'string' &&
    'containers' in value &&
    typeof value.containers === 'object' &&
    value.containers !== null
  );
}
