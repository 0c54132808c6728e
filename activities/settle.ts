import type { Handful } from '../workflows/contract/activities/handful.ts';
import type { PodRef } from '../workflows/contract/plan.ts';
import type { Call } from './call.ts';
import { handfulOf, type Outcome } from './handful.ts';
import type { Judgement } from './kubernetes/judgePod.ts';
import { everyone } from './kubernetes/podCache.ts';
import type { PodWatch } from './kubernetes/podWatch.ts';
import type { Pod } from './kubernetes/wire.ts';

/**
 * After the first pod has settled, so long is waited for its neighbours: fewer, larger handfuls for the pump. It grows
 * with the handful: one pod is told of at once, while a hundred that come one by one would else cost a call each, and
 * every call tells all that still wait anew.
 */
const lingerMsOf = (pods: number): number => Math.min(4 * pods, 1_000);
/** A clock that was set back must not make anybody sleep for ever. */
const longestNapMs = 60_000;

/**
 * Waits until `judge` finds some of the pods settled, and a moment longer; the others are `later`. Looks at a pod when
 * the watch tells of it, or when its last judgement asked for a time; nothing is asked of the API server. While the
 * API server cannot be heard, nothing is judged: a pod may have changed unseen. `withinMs`: waits for all of them
 * instead, so long at most.
 */
export async function settle<P extends PodRef>(
  refs: readonly P[],
  watch: PodWatch,
  judge: (ref: P, pod: Pod, now: number) => Judgement,
  call: Call,
  withinMs?: number,
): Promise<Handful> {
  const { signal } = call;
  const answerBy = Math.min(call.answerBy, Date.now() + (withinMs ?? Number.POSITIVE_INFINITY));
  const open = new Map(refs.map((ref) => [ref.name, ref]));
  const outcomes = new Map<string, Outcome>();
  const again = new Map<string, number>();
  const look = (names: Iterable<string>): void => {
    if (!watch.current) return;
    const now = Date.now();
    for (const name of names) {
      const ref = open.get(name);
      if (!ref) continue;
      const pod = watch.find(ref);
      const judgement: Judgement = pod ? judge(ref, pod, now) : { is: 'gone' };
      if (judgement.is === 'waiting') again.set(name, judgement.again);
      else {
        open.delete(name);
        again.delete(name);
        outcomes.set(
          name,
          judgement.is === 'failed' ? { code: judgement.code, reason: judgement.reason } : judgement.is,
        );
      }
    }
    call.progress({ settled: outcomes.size, waiting: open.size });
  };

  const woken = new Set<string>();
  let wake: () => void = () => undefined;
  const abort = () => wake();
  const unsubscribe = watch.subscribe((names) => {
    for (const name of names) woken.add(name);
    wake();
  });
  signal.addEventListener('abort', abort);
  /** Until something changes, `until` (ms since 1970) comes, or the activity is to end. */
  const nap = async (until: number): Promise<void> => {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
      timer = setTimeout(resolve, Math.min(Math.max(until - Date.now(), 0), longestNapMs));
    });
    clearTimeout(timer);
  };

  try {
    look(open.keys());
    const lingerMs = withinMs ?? lingerMsOf(open.size);
    // With most of them the pump has more to do than it would gain by the rest.
    const isEnough = () => open.size === 0 || (withinMs === undefined && outcomes.size > open.size);
    let lingerUntil = outcomes.size > 0 ? Date.now() + lingerMs : undefined;
    while (!isEnough()) {
      signal.throwIfAborted();
      if (Date.now() >= Math.min(lingerUntil ?? answerBy, answerBy)) break;
      await nap(Math.min(lingerUntil ?? answerBy, ...(watch.current ? again.values() : [])));
      const due = [...again].filter(([, at]) => at <= Date.now()).map(([name]) => name);
      const names = woken.has(everyone) ? [...open.keys()] : [...woken, ...due];
      woken.clear();
      look(names);
      if (outcomes.size > 0) lingerUntil ??= Date.now() + lingerMs;
    }
  } finally {
    unsubscribe();
    signal.removeEventListener('abort', abort);
  }
  return handfulOf([...outcomes, ...[...open.keys()].map((name): [string, Outcome] => [name, 'later'])]);
}
