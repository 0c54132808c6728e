import type { HandfulPod } from '../../workflows/contract/activities.ts';
import type { ErrorCode } from '../../workflows/contract/errors.ts';
import type { Images } from '../../workflows/contract/observation.ts';
import { normalImage, parseImage } from '../registry/imageReference.ts';
import { type ContainerRecord, readRecord } from './podRecord.ts';
import { conditionOf, hasImages, imagesOf, isLeaving, readySince, statusOf } from './podState.ts';
import type { ContainerStatus, Pod } from './wire.ts';

/** What a pod shall become. Times in milliseconds. */
export interface Wanted {
  readonly images: Images;
  readonly minReadyMs: number;
  readonly readyTimeoutMs: number;
  readonly since: HandfulPod['since'];
  readonly wasReady: boolean;
  readonly undo: boolean;
  /** Readiness gates that the release holds closed until the restore. */
  readonly ownGates: readonly string[];
}

/** `again`: look once more at that time (ms since 1970), even if nothing happens. */
export type Judgement =
  | { readonly is: 'done' | 'gone' }
  | { readonly is: 'failed'; readonly code: ErrorCode; readonly reason: string }
  | { readonly is: 'waiting'; readonly again: number };

/**
 * Kubelet acts on a changed image within a second or two. Where the status cannot prove that it has (two tags of one
 * image; a change taken back before kubelet saw it), this much time without a further change is the proof.
 */
export const settleMs = 10_000;

/** Exits beyond this many, with the pod not ready, are a failure even where no CrashLoopBackOff was seen. */
const toleratedExits = 1;

/** Waiting reasons that do not heal without a change, after the first back-off. ErrImagePull is still tried again. */
const hopeless: ReadonlySet<string> = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'PreStartHookError',
  'PostStartHookError',
]);

/**
 * Whether an in-place change of `pod` is through (design §5): each changed container is another one than before, of
 * another image or of one with the wanted name, ready, and still so after minReady. `now`: ms since 1970.
 */
export function judgePod(pod: Pod, wanted: Wanted, now: number): Judgement {
  if (isLeaving(pod)) return { is: 'gone' };
  const deadline = Date.parse(wanted.since) + wanted.readyTimeoutMs;
  if (!hasImages(pod, wanted.images)) {
    // Perhaps an older state than another worker has written: only time can tell.
    return now < deadline
      ? { is: 'waiting', again: deadline }
      : failed('WORKLOAD_CHANGED', `somebody set its images to ${Object.values(imagesOf(pod)).join(', ')}`);
  }
  const record = readRecord(pod);
  const changedAt = record ? Date.parse(record.at) : undefined;
  let again = deadline;
  let allNew = true;
  let startedAt = 0;
  for (const [container, image] of Object.entries(wanted.images)) {
    const status = statusOf(pod, container);
    const before = record?.containers[container];
    const news = newsOf(status, before, image, changedAt, now);
    if (news !== 'new') allNew = false;
    if (typeof news === 'number') again = Math.min(again, news);
    const failure =
      status && failureOf(container, image, status, before, news === 'new', (changedAt ?? 0) + settleMs <= now);
    if (failure && !(wanted.undo && !wanted.wasReady)) return failed('POD_FAILED', failure);
    startedAt = Math.max(startedAt, Date.parse(status?.state?.running?.startedAt ?? '') || 0);
    if (status?.state?.waiting && changedAt !== undefined && now < changedAt + settleMs) {
      again = Math.min(again, changedAt + settleMs);
    }
  }
  if (allNew && wanted.undo && !wanted.wasReady) return { is: 'done' };
  const since = readySince(pod, wanted.ownGates);
  if (allNew && since !== undefined) {
    const fit = Math.max(since, startedAt) + wanted.minReadyMs;
    if (fit <= now) return { is: 'done' };
    again = Math.min(again, fit);
  } else if (now >= deadline) {
    return failed('POD_FAILED', `not ready after ${wanted.readyTimeoutMs / 1000} s: ${whyNot(pod, wanted.images)}`);
  }
  return { is: 'waiting', again: Math.max(again, now + 1) };
}

/** `new`: kubelet has made the container anew. A number: it is taken as such at that time if it stays as it is. */
function newsOf(
  status: ContainerStatus | undefined,
  before: ContainerRecord | undefined,
  image: string,
  changedAt: number | undefined,
  now: number,
): 'new' | 'old' | number {
  if (!status?.containerID) return 'old';
  const named = names(status, image);
  if (before === undefined || changedAt === undefined) {
    // Not changed by us: born so, or brought there by somebody else.
    if (named) return 'new';
    const running = Date.parse(status.state?.running?.startedAt ?? '') || now;
    return running + settleMs <= now ? 'new' : running + settleMs;
  }
  const other = status.containerID !== before.containerID;
  if (other && (named || status.imageID !== before.imageID)) return 'new';
  if (!other && !named) return 'old';
  return changedAt + settleMs <= now ? 'new' : changedAt + settleMs;
}

/** Whether the status says that the container runs `image`: by name, or by the digest that `image` is pinned to. */
function names(status: ContainerStatus, image: string): boolean {
  const { digest } = parseImage(image);
  if (digest !== undefined && status.imageID.endsWith(digest)) return true;
  return status.image === image || normalImage(status.image) === normalImage(image);
}

function failureOf(
  container: string,
  image: string,
  status: ContainerStatus,
  before: ContainerRecord | undefined,
  isNew: boolean,
  settled: boolean,
): string | undefined {
  const waiting = status.state?.waiting;
  const reason = waiting?.reason ?? '';
  if (hopeless.has(reason)) {
    const stale =
      (reason === 'CrashLoopBackOff' && !isNew) ||
      (before?.waiting === reason && !settled) ||
      mentionsOther(waiting?.message ?? '', image, before?.image);
    if (!stale) return `${container}: ${reason}${waiting?.message ? `: ${waiting.message}` : ''}${lastExit(status)}`;
  }
  // The change itself restarts the container once.
  const exits = before ? status.restartCount - before.restarts - 1 : 0;
  if (isNew && !status.ready && exits > toleratedExits) {
    return `${container}: it exited ${exits} times without getting ready${lastExit(status)}`;
  }
  return undefined;
}

/** Kubelet's message names the image it could not get: one about the image before is no news of the wanted one. */
function mentionsOther(message: string, image: string, imageBefore: string | undefined): boolean {
  if (imageBefore === undefined || imageBefore === '') return false;
  const mentions = (name: string) => message.includes(name) || message.includes(normalImage(name));
  return mentions(imageBefore) && !mentions(image);
}

function lastExit(status: ContainerStatus): string {
  const end = status.state?.terminated ?? status.lastState?.terminated;
  if (!end) return '';
  // Its message may be the end of the container's log, which may hold secrets.
  return ` (exit code ${end.exitCode}${end.reason ? `, ${end.reason}` : ''})`;
}

function whyNot(pod: Pod, images: Images): string {
  for (const container of Object.keys(images)) {
    const status = statusOf(pod, container);
    const waiting = status?.state?.waiting;
    if (waiting) return `${container}: ${waiting.reason}${waiting.message ? `: ${waiting.message}` : ''}`;
    if (status && !status.ready && status.state?.running) {
      return `${container} runs, but its readiness probe does not pass`;
    }
  }
  const condition = conditionOf(pod, 'Ready');
  return condition?.message || condition?.reason || 'its node does not report its state';
}

const failed = (code: ErrorCode, reason: string): Judgement => ({ is: 'failed', code, reason });
