import type { HandfulPod } from '../../workflows/contract/activities/handful.ts';
import type { ErrorCode } from '../../workflows/contract/errors.ts';
import type { Images } from '../../workflows/contract/observation.ts';
import { type ContainerResources, hasResources } from '../../workflows/contract/resize.ts';
import { failureOf, failureOfNewborn, newsOf, settleMs, whyNotInitialized, whyWaiting } from './judgeContainer.ts';
import { judgeResize, type Resizing } from './judgeResize.ts';
import { readRecord } from './podRecord.ts';
import { resourcesOf } from './podResources.ts';
import { conditionOf, hasImages, imagesOf, isLeaving, readySince, statusOf } from './podState.ts';
import type { Pod } from './wire.ts';

/** What a pod shall become. Times in milliseconds. */
export interface Wanted extends Pick<HandfulPod, 'since' | 'wasReady'> {
  readonly images: Images;
  /** What its containers shall ask for and may have. */
  readonly resources?: ContainerResources;
  /** Other containers change after those of `images`: only these must be ready, not the pod as a whole. */
  readonly partial: boolean;
  readonly minReadyMs: number;
  readonly readyTimeoutMs: number;
  readonly undo: boolean;
  /** Readiness gates that the release holds closed until the restore. */
  readonly ownGates: readonly string[];
}

/**
 * Without a readiness probe a container is ready as soon as its process runs: until so much later (ms) it is not taken
 * for well, where the next one is changed on the strength of that.
 */
const standMs = 2_000;

/** `again`: look once more at that time (ms since 1970), even if nothing happens. */
export type Judgement =
  | { readonly is: 'done' | 'gone' }
  | { readonly is: 'failed'; readonly code: ErrorCode; readonly reason: string }
  | { readonly is: 'waiting'; readonly again: number };

/**
 * Whether an in-place change of `pod` is through (design §5): each changed container is another one than before, of
 * another image or of one with the wanted name, ready, and still so after minReady. A rollback gives up only when the
 * time is over: it has nothing better to offer than kubelet's next try; and between two containers it does not ask how
 * the first one fares, which may need the other one's old version. Resources that change are shown by kubelet as wanted.
 * A pod that was made anew, or born meanwhile, has no record of a change: all of its containers are new.
 * `now`: ms since 1970.
 */
export function judgePod(pod: Pod, wanted: Wanted, now: number): Judgement {
  if (isLeaving(pod)) return { is: 'gone' };
  const deadline = Date.parse(wanted.since) + wanted.readyTimeoutMs;
  if (!hasImages(pod, wanted.images)) {
    // Perhaps an older state than another worker has written: only time can tell.
    if (now < deadline) return { is: 'waiting', again: deadline };
    const has = Object.values(imagesOf(pod)).join(', ');
    return { is: 'failed', code: 'WORKLOAD_CHANGED', reason: `somebody set its images to ${has}` };
  }
  const { resources = {} } = wanted;
  if (!hasResources(resourcesOf(pod), resources)) {
    if (now < deadline) return { is: 'waiting', again: deadline };
    return { is: 'failed', code: 'WORKLOAD_CHANGED', reason: 'somebody set its resources to others' };
  }

  const record = readRecord(pod);
  const changedAt = record ? Date.parse(record.at) || 0 : 0;
  let startedAt = 0;
  const resizing: Resizing = wanted.resources === undefined ? { is: 'done' } : judgeResize(pod, resources);
  if (resizing.is === 'impossible' && !wanted.undo) {
    return { is: 'failed', code: 'POD_FAILED', reason: `its node cannot resize it: ${resizing.why}` };
  }
  let allNew = resizing.is === 'done';
  const looks = [deadline, changedAt + settleMs];
  for (const [name, image] of Object.entries(wanted.images)) {
    const status = statusOf(pod, name);
    const container = { name, image, status, before: record?.containers[name], changedAt, now };
    const news = newsOf(container);
    const failure = wanted.undo ? undefined : failureOf(container, news);
    if (failure !== undefined) return { is: 'failed', code: 'POD_FAILED', reason: failure };
    if (!news.isNew) {
      allNew = false;
      if (news.newAt !== undefined) looks.push(news.newAt);
    }
    startedAt = Math.max(startedAt, Date.parse(status?.state?.running?.startedAt ?? '') || 0);
  }
  for (const name of Object.keys(resources)) {
    if (wanted.undo || name in wanted.images) continue;
    // It may have had to restart.
    const container = {
      name,
      image: '',
      status: statusOf(pod, name),
      before: record?.containers[name],
      changedAt,
      now,
    };
    const failure = failureOf(container, { isNew: allNew });
    if (failure !== undefined) return { is: 'failed', code: 'POD_FAILED', reason: failure };
  }
  const isNewborn = record === undefined && !wanted.partial;
  const failure = isNewborn && !wanted.undo ? failureOfNewborn(pod) : undefined;
  if (failure !== undefined) return { is: 'failed', code: 'POD_FAILED', reason: failure };
  if (wanted.undo && wanted.partial && (allNew || now >= deadline)) return { is: 'done' };
  if (allNew && wanted.undo && !wanted.wasReady) return { is: 'done' };

  const readyAt = wanted.partial ? readyOf(pod, wanted.images) : readySince(pod, wanted.ownGates);
  if (allNew && readyAt !== undefined) {
    const fitAt = Math.max(readyAt, startedAt) + Math.max(wanted.minReadyMs, wanted.partial ? standMs : 0);
    return fitAt <= now ? { is: 'done' } : { is: 'waiting', again: fitAt };
  }
  if (now >= deadline) {
    const what = resizing.is === 'done' ? 'ready' : 'resized';
    const why = resizing.is === 'done' ? whyNot(pod, { ...resources, ...wanted.images }, isNewborn) : resizing.why;
    const reason = `not ${what} after ${wanted.readyTimeoutMs / 1000} s: ${why}`;
    return { is: 'failed', code: 'POD_FAILED', reason };
  }
  return { is: 'waiting', again: Math.min(...looks.filter((at) => at > now)) };
}

/** As {@link readySince}, of these containers alone: nobody notes since when, so it is 0. */
const readyOf = (pod: Pod, images: Images): number | undefined =>
  Object.keys(images).every((name) => statusOf(pod, name)?.ready === true) ? 0 : undefined;

function whyNot(pod: Pod, changed: object, isNewborn: boolean): string {
  const uninitialized = isNewborn ? whyNotInitialized(pod) : undefined;
  if (uninitialized !== undefined) return uninitialized;
  for (const status of pod.status?.containerStatuses ?? []) {
    const { name, state, ready } = status;
    if (!isNewborn && !(name in changed)) continue;
    if (state?.waiting) return `${name}: ${whyWaiting(status)}`;
    if (state?.running && !ready) return `${name} runs, but its readiness probe does not pass`;
  }
  const condition = conditionOf(pod, 'Ready');
  return condition?.message || condition?.reason || 'its node does not report its state';
}
