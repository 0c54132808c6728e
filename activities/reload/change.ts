import type { HandfulRequest } from '../../workflows/contract/activities/handful.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import type { Plan } from '../../workflows/contract/plan.ts';
import type { PlannedReload } from '../../workflows/contract/reload.ts';
import type { Change, ChangeDeps } from '../change.ts';
import { eachPod } from '../eachPod.ts';
import { join } from '../handful.ts';
import { statusOf } from '../kubernetes/podState.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { LivePod } from '../ports.ts';
import { rehearse } from '../rehearse.ts';
import { contentsOf } from './artifacts.ts';
import { noteImpossible, rehearseNote } from './note.ts';
import { whyImpossible } from './probe.ts';
import { isTouched, runsVersion } from './record.ts';
import { reloadPods } from './reloadPods.ts';

/** Containers reload: see reloadPods. */
export function reloadChange(request: HandfulRequest, reload: PlannedReload, deps: ChangeDeps): Change {
  const { kube, admission } = deps.scope;
  const { signal, answerBy } = deps.call;
  const { holder, batch, undo } = request;
  const own = { ...request, reload };
  const wrote = (pod: Pod) => deps.pods.wrote(pod);
  const dry = {
    rehearse: (live: readonly LivePod[]) =>
      eachPod(live, signal, async ({ pod }) => {
        await rehearseNote(kube, pod, own);
        return 'done';
      }),
  };
  const probe = async ({ pod }: LivePod) => {
    const found = await whyImpossible(kube, pod, reload, signal);
    if (found === undefined) return 'done';
    await noteImpossible(pod, found.container, own, { kube, pods: deps.pods });
    return { code: 'RELOAD_IMPOSSIBLE' as const, reason: `container ${found.container}: ${found.why}` };
  };
  return {
    async rehearse(live) {
      // What cannot be had any more must not be found missing after a drain.
      if (!undo) await contentsOf(reload.files ?? [], signal);
      const noted = await rehearse(live, { holder, batch, images: () => ({}), wrote }, dry, admission);
      const fit = new Set(noted.done);
      // A rollback has nothing better to offer than to try.
      const asked = undo ? [] : live.filter(({ name }) => fit.has(name));
      if (asked.length === 0) return noted;
      return join({ ...noted, done: [] }, await eachPod(asked, signal, probe));
    },
    isMade: ({ pod }) => (undo ? !isTouched(pod, reload, holder) : runsVersion(pod, reload)),
    async make(live) {
      const contents = undo ? [] : await contentsOf(reload.files ?? [], signal);
      return reloadPods(live, own, { kube, signal, pods: deps.pods, contents, answerBy });
    },
  };
}

/**
 * The same for a plan, which leaves no trace: with the first of its pods whose containers run.
 * @throws PATCH_REFUSED, FORBIDDEN, RELOAD_IMPOSSIBLE, ARTIFACT_UNFIT, ARTIFACT_UNREACHABLE
 */
export async function rehearseReload(
  kube: Connection,
  { batches }: Plan,
  reload: PlannedReload,
  pods: readonly Pod[],
  signal: AbortSignal,
): Promise<void> {
  await contentsOf(reload.files ?? [], signal);
  const planned = batches.flatMap((batch) => batch.pods.map(({ uid }) => uid));
  const runs = (pod: Pod): boolean =>
    reload.containers.every((container) => statusOf(pod, container)?.state?.running !== undefined);
  const order = pods.filter(({ metadata }) => planned.includes(metadata.uid));
  const first = order.toSorted((a, b) => planned.indexOf(a.metadata.uid) - planned.indexOf(b.metadata.uid)).find(runs);
  if (first === undefined) return;
  await rehearseNote(kube, first, { holder: 'plan', batch: 'plan', reload });
  const found = await whyImpossible(kube, first, reload, signal);
  if (found === undefined) return;
  const text = `Container ${found.container} of pod ${first.metadata.name} cannot reload: ${found.why}.`;
  throw new SluiceError('RELOAD_IMPOSSIBLE', text);
}
