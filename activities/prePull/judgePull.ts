import type { PullFailure } from '../../workflows/contract/activities/prePull.ts';
import { humanDuration } from '../../workflows/contract/quantity.ts';
import { whyWaiting } from '../kubernetes/judgeContainer.ts';
import type { Judgement } from '../kubernetes/judgePod.ts';
import { isLeaving, statusOf } from '../kubernetes/podState.ts';
import type { ContainerStatus, Pod } from '../kubernetes/wire.ts';

/** Waiting reasons of kubelet (pkg/kubelet/images/types.go) while it has not got the image. */
const pullReasons: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable']);
/** Those that no further try heals. */
const hopeless: ReadonlySet<string> = new Set(['InvalidImageName', 'SignatureValidationFailed']);
/** Waiting reasons before kubelet has looked for the image. */
const early: ReadonlySet<string> = new Set(['', 'ContainerCreating', 'PodInitializing']);

/**
 * Words of containerd, CRI-O and the registries that they repeat: the image is not there, not for this platform, or not
 * for this caller. A registry that is away or limits its callers says none of them.
 */
const refused =
  /not found|manifest unknown|name unknown|no matching manifest|unauthori[sz]ed|access (?:to the resource is )?denied|authorization failed|authentication required|no basic auth|\b40[134] /i;

/** How far a pod that pulls is. `since`: ISO 8601, when its node was asked first; `now`: ms since 1970. */
export function judgePull(
  pod: Pod,
  { since, timeoutMs }: { readonly since: string; readonly timeoutMs: number },
  now: number,
): Judgement {
  const statuses = pod.spec.containers.map(({ name }) => statusOf(pod, name));
  const failing = statuses.find((status) => status && (isFailing(status) || isRefused(status)));
  if (failing && isRefused(failing)) return failed('IMAGE_PULL_FAILED', whyWaiting(failing));
  if (statuses.every((status) => status && isPulled(status))) return { is: 'done' };
  const deadline = Date.parse(since) + timeoutMs;
  if (now < deadline && !isLeaving(pod)) return { is: 'waiting', again: deadline };
  const late = `not pulled within ${humanDuration(timeoutMs)}`;
  // It failed until the end: a container that is changed there would not come back.
  if (failing) return failed('IMAGE_PULL_FAILED', `${late}: ${whyWaiting(failing)}`);
  const { reason, message } = pod.status ?? {};
  return failed('PRE_PULL_FAILED', reason ? `${reason}${message ? `: ${message}` : ''}` : late);
}

const failed = (code: PullFailure['code'], reason: string): Judgement => ({ is: 'failed', code, reason });

const waitingReason = ({ state }: ContainerStatus): string => state?.waiting?.reason ?? '';

const isFailing = (status: ContainerStatus): boolean => pullReasons.has(waitingReason(status));

const isRefused = (status: ContainerStatus): boolean =>
  hopeless.has(waitingReason(status)) || (isFailing(status) && refused.test(status.state?.waiting?.message ?? ''));

/**
 * Kubelet pulls before anything else: whatever it stumbles over afterwards (a program that is not there, a user that
 * may not be) proves that the image is on the node.
 */
const isPulled = (status: ContainerStatus): boolean =>
  status.imageID !== '' ||
  (status.state?.waiting !== undefined && !isFailing(status) && !early.has(waitingReason(status)));
