import type { PlannedReload } from '../../workflows/contract/reload.ts';
import type { Judgement, Wanted } from '../kubernetes/judgePod.ts';
import { conditionOf, isLeaving, readySince, statusOf } from '../kubernetes/podState.ts';
import type { Pod } from '../kubernetes/wire.ts';
import { entriesOn } from './record.ts';

/** So long (ms) a container must have gone on running after its reload, also where `minReadySeconds` is less. */
const standMs = 2_000;

type Reloaded = Pick<Wanted, 'since' | 'wasReady' | 'minReadyMs' | 'readyTimeoutMs' | 'undo' | 'ownGates'> & {
  readonly reload: PlannedReload;
  readonly holder: string;
};

/**
 * Whether a reload of `pod` is through: its containers have not been started anew since, it is ready, and still so after
 * minReady. A rollback asks only that a pod is ready that was. `now`: ms since 1970.
 */
export function judgeReload(pod: Pod, wanted: Reloaded, now: number): Judgement {
  if (isLeaving(pod)) return { is: 'gone' };
  const { reload, holder, undo, wasReady, minReadyMs, readyTimeoutMs, ownGates } = wanted;
  if (undo && !wasReady) return { is: 'done' };
  const deadline = Date.parse(wanted.since) + readyTimeoutMs;
  let reloadedAt = 0;
  let isKnown = true;
  for (const container of undo ? [] : reload.containers) {
    const entry = entriesOn(pod)[container];
    if (entry?.release !== holder || entry.state !== 'Done') {
      // Run by an earlier release; or an older state than another worker has written, which only time can tell.
      isKnown &&= entry?.state === 'Done' && entry.version === reload.version;
      continue;
    }
    const why = whyAnother(pod, container, entry.containerID);
    if (why !== undefined) return { is: 'failed', code: 'POD_FAILED', reason: why };
    reloadedAt = Math.max(reloadedAt, Date.parse(entry.at) || 0);
  }
  const readyAt = readySince(pod, ownGates);
  if (isKnown && readyAt !== undefined) {
    const fitAt = undo ? readyAt : Math.max(readyAt + minReadyMs, reloadedAt + Math.max(minReadyMs, standMs));
    return fitAt <= now ? { is: 'done' } : { is: 'waiting', again: fitAt };
  }
  if (now < deadline) return { is: 'waiting', again: deadline };
  const condition = conditionOf(pod, 'Ready');
  const why = condition?.message || condition?.reason || 'its node does not report its state';
  return { is: 'failed', code: 'POD_FAILED', reason: `not ready ${readyTimeoutMs / 1000} s after its reload: ${why}` };
}

/** Why a container is not the one that reloaded; undefined where it is. */
function whyAnother(pod: Pod, container: string, containerID: string): string | undefined {
  const status = statusOf(pod, container);
  if (status === undefined || (status.containerID === containerID && status.state?.terminated === undefined)) {
    return undefined;
  }
  const { reason = 'it ended', exitCode } = status.lastState?.terminated ?? status.state?.terminated ?? {};
  const code = exitCode === undefined ? '' : `, exit code ${exitCode}`;
  return `${container} was started anew after its reload, and runs what its image has (${reason}${code})`;
}
