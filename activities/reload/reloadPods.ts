import { setTimeout as sleep } from 'node:timers/promises';
import type { Handful, HandfulPod, HandfulRequest } from '../../workflows/contract/activities/handful.ts';
import { asksForVersion, type PlannedReload, withVersion } from '../../workflows/contract/reload.ts';
import { eachPod } from '../eachPod.ts';
import type { Outcome } from '../handful.ts';
import { isLeaving, statusOf } from '../kubernetes/podState.ts';
import { pods as podResource } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { LivePod, PodsOf } from '../ports.ts';
import { type Acted, act } from './act.ts';
import type { Content } from './artifacts.ts';
import { putBack, putFiles } from './files.ts';
import { entryOf, note, podAt } from './note.ts';
import { entriesOn, isTouched, type ReloadEntry, runsVersion } from './record.ts';

export interface ReloadDeps {
  readonly kube: Connection;
  readonly signal: AbortSignal;
  readonly pods: Pick<PodsOf, 'wrote'>;
  /** What the files of the reload hold; a rollback needs none. */
  readonly contents: readonly Content[];
  /** When this call must have answered, ms since 1970: no pod is begun that could take longer. */
  readonly answerBy: number;
}

type Reloading = Pick<HandfulRequest, 'holder' | 'batch' | 'undo' | 'readyTimeoutMs'> & {
  readonly reload: PlannedReload;
};

/** After a node that could not be reached. */
const retryMs = 1_000;

/**
 * Reloads the containers of each pod, one after another, and notes on the pod what was begun and what came of it. A
 * container that runs the version, or of a rollback one that this release has not touched, is left alone. A command that
 * was begun is awaited, also when the call is cancelled: nothing may run beside its undo.
 */
export function reloadPods(
  live: readonly (HandfulPod & LivePod)[],
  request: Reloading,
  deps: ReloadDeps,
): Promise<Handful> {
  const { reload, undo, holder } = request;
  const isThrough = (pod: Pod) => (undo ? !isTouched(pod, reload, holder) : runsVersion(pod, reload));
  const longestMs = reload.timeoutMs * reload.containers.length;
  const latest = Math.max(Date.now() + 1, deps.answerBy - longestMs);
  return eachPod(live, deps.signal, async (asked): Promise<Outcome> => {
    if (isLeaving(asked.pod)) return 'gone';
    if (isThrough(asked.pod)) return 'done';
    if (Date.now() > latest) return 'later';
    // What a watch has heard may be older than a container that was started anew.
    let pod = await deps.kube.get(podResource, podAt(asked.pod));
    if (pod.metadata.uid !== asked.uid || isLeaving(pod)) return 'gone';
    deps.pods.wrote(pod);
    const order = undo ? reload.containers.toReversed() : reload.containers;
    for (const container of order) {
      const { outcome, now } = await (undo ? undoOne : reloadOne)(pod, container, request, deps);
      if (outcome === 'later' && Date.now() > Date.parse(asked.since) + request.readyTimeoutMs) {
        return failed(container, 'its node could not be reached in time');
      }
      if (outcome !== 'done') return outcome;
      pod = now;
    }
    return 'done';
  });
}

interface Step {
  readonly outcome: Outcome;
  readonly now: Pod;
}

async function reloadOne(pod: Pod, container: string, request: Reloading, deps: ReloadDeps): Promise<Step> {
  const { reload } = request;
  if (runsVersion(pod, { ...reload, containers: [container] })) return { outcome: 'done', now: pod };
  const status = statusOf(pod, container);
  if (status?.state?.running === undefined) return { outcome: failed(container, 'it does not run'), now: pod };
  const entry = (state: ReloadEntry['state']) => entryOf(pod, container, state, request);
  const begun = await note(pod, container, entry('Running'), request, deps);
  const acted = await forwardIn(begun, container, request, deps);
  if (acted === 'done') {
    return { outcome: 'done', now: await note(begun, container, entry('Done'), request, deps) };
  }
  if (acted.is === 'unreached') return again(begun, deps);
  // Files may have been put there by then.
  const state = acted.is === 'failed' || reload.files !== undefined ? 'Failed' : 'Impossible';
  return {
    outcome: failureOf(container, acted),
    now: await note(begun, container, entry(state), request, deps),
  };
}

/** What was there before counts again only where the spec says how to get there: else nobody knows what runs now. */
async function undoOne(pod: Pod, container: string, request: Reloading, deps: ReloadDeps): Promise<Step> {
  const { reload, holder } = request;
  const own = entriesOn(pod)[container];
  if (own?.release !== holder) return { outcome: 'done', now: pod };
  const isBegun = own.state !== 'Impossible';
  const runs = statusOf(pod, container)?.state?.running !== undefined;
  // A container that does not run comes back with what its image has.
  const acted = isBegun && runs ? await backIn(pod, container, request, deps) : 'done';
  if (acted !== 'done') {
    return acted.is === 'unreached' ? again(pod, deps) : { outcome: failureOf(container, acted), now: pod };
  }
  const isKnown = !isBegun || reload.undo !== undefined || reload.files !== undefined || asksForVersion(reload.action);
  const restored = isKnown ? own.before : undefined;
  return { outcome: 'done', now: await note(pod, container, restored, request, deps) };
}

async function forwardIn(pod: Pod, container: string, request: Reloading, deps: ReloadDeps): Promise<Acted> {
  const { reload, holder } = request;
  const put =
    deps.contents.length === 0 ? 'done' : await putFiles(deps.kube, inPod(pod, container), deps.contents, holder);
  return put === 'done'
    ? act(deps.kube, inPod(pod, container), withVersion(reload.action, reload.version), awaited(reload))
    : put;
}

async function backIn(pod: Pod, container: string, request: Reloading, { kube }: ReloadDeps): Promise<Acted> {
  const { reload, holder } = request;
  const paths = (reload.files ?? []).map(({ path }) => path);
  const back = paths.length === 0 ? 'done' : await putBack(kube, inPod(pod, container), paths, holder);
  if (back !== 'done') return back;
  const before = entriesOn(pod)[container]?.before?.version ?? reload.earlier ?? '';
  const action = withVersion(reload.undo ?? reload.action, before);
  const acted = await act(kube, inPod(pod, container), action, awaited(reload));
  // What cannot be run now was not run before.
  return acted !== 'done' && acted.is === 'impossible' && reload.undo === undefined ? 'done' : acted;
}

const inPod = ({ metadata: { namespace = '', name } }: Pod, container: string) => ({ namespace, pod: name, container });

const awaited = ({ timeoutMs }: PlannedReload) => ({ timeoutMs, signal: new AbortController().signal });

async function again(now: Pod, { signal }: ReloadDeps): Promise<Step> {
  await sleep(retryMs, undefined, { signal }).catch(() => undefined);
  return { outcome: 'later', now };
}

const failed = (container: string, why: string): Outcome => ({
  code: 'RELOAD_FAILED',
  reason: `container ${container} did not reload: ${why}`,
});

function failureOf(container: string, { is, reason }: Exclude<Acted, 'done'>): Outcome {
  if (is === 'refused') return { code: 'FORBIDDEN', reason: `no command may be run in pods: ${reason}` };
  if (is === 'impossible') return { code: 'RELOAD_IMPOSSIBLE', reason: `container ${container}: ${reason}` };
  return failed(container, reason);
}
