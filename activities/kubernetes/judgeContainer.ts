import { normalImage } from '../registry/imageReference.ts';
import type { ContainerRecord } from './podRecord.ts';
import { runsImage } from './podState.ts';
import type { ContainerStatus, Pod } from './wire.ts';

/**
 * Kubelet acts on a changed image within a second or two. Where the status cannot prove that it has (two tags of one
 * image; a change taken back before kubelet saw it), this much time without a further change is the proof.
 */
export const settleMs = 10_000;

/** Exits beyond this many, with the container not ready, are a failure even where no CrashLoopBackOff was seen. */
const toleratedExits = 1;

/** Waiting reasons that do not heal without a change. ErrImagePull is not among them: kubelet tries it again. */
const hopeless: ReadonlySet<string> = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'PreStartHookError',
  'PostStartHookError',
]);

/** A container whose image was changed. `before`: its record; none if it had the image already. Times in ms since 1970. */
export interface ChangedContainer {
  readonly name: string;
  readonly image: string;
  readonly status: ContainerStatus | undefined;
  readonly before: ContainerRecord | undefined;
  readonly changedAt: number;
  readonly now: number;
}

/** Whether kubelet has made it anew, with the wanted image. `newAt`: it is taken as such then, if it stays as it is. */
export type News = { readonly isNew: true } | { readonly isNew: false; readonly newAt?: number };

/** See {@link News}. */
export function newsOf({ image, status, before, changedAt, now }: ChangedContainer): News {
  if (!status?.containerID) return { isNew: false };
  const named = runsImage(status, image);
  const by = (newAt: number): News => (newAt <= now ? { isNew: true } : { isNew: false, newAt });
  if (before === undefined) {
    // Not changed by us: born so, or brought there by somebody else.
    return named ? { isNew: true } : by((Date.parse(status.state?.running?.startedAt ?? '') || now) + settleMs);
  }
  const other = status.containerID !== before.containerID;
  if (other && (named || (!before.behind && status.imageID !== before.imageID))) return { isNew: true };
  return other || named ? by(changedAt + settleMs) : { isNew: false };
}

/** Why it will not become ready by itself, for people; undefined where it may. */
export function failureOf(container: ChangedContainer, { isNew }: News): string | undefined {
  const { name, image, status, before, changedAt, now } = container;
  if (!status) return undefined;
  const waiting = status.state?.waiting;
  const reason = waiting?.reason ?? '';
  if (hopeless.has(reason)) {
    // What the container before was waiting for is no news of this one.
    const stale =
      (reason === 'CrashLoopBackOff' && !isNew) ||
      (before?.waiting === reason && now < changedAt + settleMs) ||
      isAboutOther(waiting?.message ?? '', image, before?.image);
    if (!stale) return `${name}: ${whyWaiting(status)}`;
  }
  // The change itself restarts the container once.
  const exits = before ? status.restartCount - before.restarts - 1 : 0;
  return isNew && !status.ready && exits > toleratedExits
    ? `${name}: it exited ${exits} times without getting ready${lastExit(status)}`
    : undefined;
}

/** Why a pod that runs as it was born will not get ready by itself: each of its containers is new, those before the others too. */
export function failureOfNewborn({ status: { initContainerStatuses: inits = [], containerStatuses = [] } = {} }: Pod) {
  const at = { image: '', before: undefined, changedAt: 0, now: 0 };
  const failure = (status: ContainerStatus) => failureOf({ ...at, name: status.name, status }, { isNew: true });
  const ofInit = inits.map(failure).find((reason) => reason !== undefined);
  return ofInit === undefined
    ? containerStatuses.map(failure).find((reason) => reason !== undefined)
    : initText(ofInit);
}

/** What the containers of a newborn wait for in one of its init containers; undefined where those are through. */
export function whyNotInitialized({ status: { initContainerStatuses = [] } = {} }: Pod): string | undefined {
  for (const status of initContainerStatuses) {
    const { name, state: { waiting, terminated, running } = {}, ready } = status;
    // The one before it is not through.
    if (waiting && waiting.reason !== 'PodInitializing') return initText(`${name}: ${whyWaiting(status)}`);
    if (terminated && terminated.exitCode !== 0) return initText(`${name}: it ended${lastExit(status)}`);
    if (running && !ready) return initText(`${name}: it still runs`);
  }
  return undefined;
}

const initText = (text: string): string => `init container ${text}`;

/** `CrashLoopBackOff: back-off 10s restarting failed container (exit code 1, Error)`. */
export function whyWaiting(status: ContainerStatus): string {
  const { reason = 'waiting', message } = status.state?.waiting ?? {};
  return `${reason}${message ? `: ${message}` : ''}${reason === 'CrashLoopBackOff' ? lastExit(status) : ''}`;
}

/** Kubelet's message names the image it could not get: one about the image before says nothing of the wanted one. */
function isAboutOther(message: string, image: string, imageBefore: string | undefined): boolean {
  if (!imageBefore) return false;
  const mentions = (name: string) => message.includes(name) || message.includes(normalImage(name));
  return mentions(imageBefore) && !mentions(image);
}

/** Without the message of its end: that may be the last lines of its log, which may hold secrets. */
function lastExit(status: ContainerStatus): string {
  const end = status.state?.terminated ?? status.lastState?.terminated;
  return end ? ` (exit code ${end.exitCode}${end.reason ? `, ${end.reason}` : ''})` : '';
}
