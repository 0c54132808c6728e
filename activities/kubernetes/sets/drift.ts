import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { marks, workloadName } from '../../../workflows/contract/names.ts';
import { isInterim, templateOf } from '../controllerRevisions.ts';
import { holderOf, holdMarks, requireNobodyElse } from '../holder.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { requireTemplate } from '../templateChange.ts';
import type { Connection } from '../types.ts';
import type { PodTemplate } from '../wire.ts';
import { hold } from './acquire.ts';
import type { SetKind } from './kind.ts';
import { type Look, lookHeld, lookThere, untilObserved } from './look.ts';
import { isOf, livingPods } from './pods.ts';
import { rewrite } from './rewrite.ts';
import { expectedTemplate, readTrail, roomFor, type Trail, trailOf, uncommitted } from './trail.ts';

/**
 * The set, if it still is as the release took it: held, its controller kept from moving pods, with its template.
 * @throws WORKLOAD_NOT_FOUND where it was deleted (or made anew), WORKLOAD_CHANGED with what somebody did
 */
export async function requireUnchanged(kube: Connection, kind: SetKind, held: HeldRequest): Promise<Look> {
  const look = await lookHeld(kube, kind, held);
  const { template, updateStrategy } = look.set.spec;
  requireTemplate(template, expectedTemplate(look) ?? template, held.target);
  if (kind.standstill.isHeld(updateStrategy)) return look;
  throw new SluiceError(
    'WORKLOAD_CHANGED',
    `Somebody set the update strategy of ${workloadName(held.target)} to ${kind.standstill.nameOf(updateStrategy)} in mid-release: its controller may move pods.`,
  );
}

/**
 * Undoes what somebody did to it: held again, with the template that its pods were of. Where the trail is gone nobody can
 * tell any more what its strategy was before the release: what somebody set it to, else one that holds nothing. A limit that was
 * raised then stays so.
 * @throws WORKLOAD_NOT_FOUND; WORKLOAD_BUSY where another release holds it
 */
export async function takeOver(kube: Connection, kind: SetKind, held: HeldRequest): Promise<void> {
  await retryConflicts(async () => {
    const look = await lookThere(kube, kind, held);
    const trail = readTrail(look.set);
    requireNobodyElse(look.set, held);
    if (holderOf(look.set) === undefined || !trail)
      await hold(kube, kind, look.set, held.holder, trail ?? (await trailByPods(kube, kind, look)));
  });
  await retryConflicts(async () => {
    const look = await lookHeld(kube, kind, held);
    const { updateStrategy, template } = look.set.spec;
    const trail = uncommitted(readTrail(look.set) ?? (await trailByPods(kube, kind, look)));
    const base = look.revisions.find((revision) => revision.metadata.name === trail.revision);
    const isOpen = look.revisions.some(isInterim);
    await rewrite(kube, kind, look.set, {
      annotations: holdMarks(held.holder, trail),
      spec: {
        updateStrategy: kind.standstill.held(updateStrategy),
        ...roomFor(kind, trail),
        template: base ? ours(templateOf(base), isOpen) : template,
      },
    });
  });
  await untilObserved(kube, kind, held);
}

/** Pods that are born while a way out of traffic is open need its label. */
function ours(template: PodTemplate, isOpen: boolean): PodTemplate {
  const { [marks.serving]: _, ...labels } = template.metadata?.labels ?? {};
  return {
    ...template,
    metadata: { ...template.metadata, labels: isOpen ? { ...labels, [marks.serving]: 'true' } : labels },
  };
}

/** The newest revision that any of its pods is of is the one that the release began with, or has our label besides. */
async function trailByPods(kube: Connection, kind: SetKind, look: Look): Promise<Trail> {
  const living = await livingPods(kube, look.set);
  const known = look.revisions.filter(({ metadata }) => {
    const label = kind.labelOf(metadata.name, look.revisions);
    return living.some((pod) => isOf(pod, label));
  });
  const base = known.findLast((revision) => !isInterim(revision)) ?? known.at(-1);
  const strategy = kind.standstill.free(look.set.spec.updateStrategy);
  const trail = trailOf(look, base?.metadata.name ?? '', kind.room, strategy);
  const numbers = Object.entries(trail.numbers).filter(([, number]) => number <= (base?.revision ?? 0));
  return { ...trail, numbers: Object.fromEntries(numbers) };
}
