import type { Handful, HandfulPod, HandfulRequest } from '../../workflows/contract/activities/handful.ts';
import type { PlannedHotSwap } from '../../workflows/contract/hotSwap/plan.ts';
import { otherOf, realsOf, takerOf } from '../../workflows/contract/hotSwap/roles.ts';
import { marks } from '../../workflows/contract/names.ts';
import type { Images } from '../../workflows/contract/observation.ts';
import type { Change, ChangeDeps } from '../change.ts';
import { eachPod } from '../eachPod.ts';
import { join } from '../handful.ts';
import { imagesOf } from '../kubernetes/podState.ts';
import { pods as podResource } from '../kubernetes/resources.ts';
import type { LivePod } from '../ports.ts';
import { rehearse } from '../rehearse.ts';
import { goalOf } from './goal.ts';
import { whoHolds } from './holds.ts';

type Live = HandfulPod & LivePod;

/** The writes of a hot swap, one a step: see SwapStep. */
export function swapChange(
  request: HandfulRequest,
  swap: PlannedHotSwap,
  deps: ChangeDeps & { readonly isOwn: (pod: LivePod['pod']) => boolean },
): Change {
  const { kube, workload, admission } = deps.scope;
  const { signal } = deps.call;
  const { holder, batch, undo, turn } = request;

  /** Writes `images` to each pod, and who holds the connections from then on. */
  const change = (live: readonly Live[], images: (pod: Live) => Images) => {
    const wanted = new Map(live.map((pod) => [pod.name, images(pod)]));
    const takers = new Map(live.map((pod) => [pod.name, takerOf(goalOf(pod, request, swap), swap)]));
    return {
      holder,
      batch,
      images: (pod: string) => wanted.get(pod) ?? {},
      annotations: (pod: string) => ({ [marks.hotSwap]: takers.get(pod) ?? '' }),
      wrote: (pod: LivePod['pod']) => deps.pods.wrote(pod),
    };
  };
  const write = (live: readonly Live[], images: (pod: Live) => Images): Promise<Handful> =>
    live.length === 0 ? Promise.resolve(none) : workload.upgrade(live, change(live, images));

  /** Where the new one holds the connections, the old one must start anew to take them back. */
  const clear = async (live: readonly Live[]): Promise<Handful> => {
    const handedOver = new Set<string>();
    const asked = await eachPod(live, signal, async (pod) => {
      const taker = takerOf(goalOf(pod, request, swap), swap);
      if (!isBetween(pod, taker, swap)) return 'done';
      const who = await whoHolds(pod, taker, { request, swap, kube, signal });
      if (who === 'unknown') return 'later';
      if (who === 'other') handedOver.add(pod.name);
      return 'done';
    });
    const due = live.filter(({ name }) => handedOver.has(name));
    const cleared = await write(due, (pod) => ({ [takerOf(goalOf(pod, request, swap), swap)]: swap.emptyImage }));
    return join({ ...asked, done: asked.done.filter((name) => !handedOver.has(name)) }, cleared);
  };

  return {
    rehearse: (live) =>
      rehearse(
        live,
        change(live, (pod) => goalOf(pod, request, swap)),
        workload,
        admission,
      ),
    isMade: ({ pod }) => deps.isOwn(pod),
    async make(live) {
      // Back, a pod may look as wanted in an older state: what another worker wrote must not be missed.
      const { fresh, rest } = undo ? await readAnew(live) : { fresh: live, rest: none };
      const written = await step(fresh);
      return join(rest, written);
    },
  };

  async function step(live: readonly Live[]): Promise<Handful> {
    if (turn?.step === 'clear') return clear(live);
    if (turn?.step === 'empty') return write(live, (pod) => goalOf(pod, request, swap));
    return write(live, (pod) => {
      const goal = goalOf(pod, request, swap);
      const taker = takerOf(goal, swap);
      return { [taker]: goal[taker] ?? '' };
    });
  }

  async function readAnew(live: readonly Live[]) {
    const fresh: Live[] = [];
    const rest = await eachPod(live, signal, async ({ pod, ...ref }) => {
      const at = { namespace: pod.metadata.namespace ?? '', name: ref.name };
      const now = await kube.get(podResource, at);
      if (now.metadata.uid !== ref.uid) return 'gone';
      fresh.push({ ...ref, pod: now });
      return 'done';
    });
    return { fresh, rest: { ...rest, done: [] } };
  }
}

const none: Handful = { done: [], failed: [], later: [], gone: [] };

/** Both are real, and the other one was told last to take over. */
function isBetween({ pod }: LivePod, taker: string, swap: PlannedHotSwap): boolean {
  const reals = realsOf(imagesOf(pod), swap);
  return reals.length === 2 && pod.metadata.annotations?.[marks.hotSwap] === otherOf(taker, swap);
}
