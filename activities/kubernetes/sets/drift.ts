import type { HeldRequest } from '../../../workflows/contract/activities.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { marks, workloadName } from '../../../workflows/contract/names.ts';
import { isInterim, revisionLabel, templateOf } from '../controllerRevisions.ts';
import { holderOf, holdMarks, requireNobodyElse } from '../holder.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { requireTemplate } from '../templateChange.ts';
import type { Connection } from '../types.ts';
import type { PodTemplate } from '../wire.ts';
import { hold } from './acquire.ts';
import type { AnySet, SetKind } from './kind.ts';
import { type Look, lookHeld, lookThere, untilObserved } from './look.ts';
import { livingPods } from './pods.ts';
import { expectedTemplate, readTrail, roomFor, type Trail, trailOf, uncommitted } from './trail.ts';

/**
 * The set, if it still is as the release took it: held, its controller kept from moving pods, with its template.
 * @throws WORKLOAD_NOT_FOUND where it was deleted (or made anew), WORKLOAD_CHANGED with what somebody did
 */
export async function requireUnchanged(kube: Connection, kind: SetKind, held: HeldRequest): Promise<Look> {
  const look = await lookHeld(kube, kind, held);
  const { template, updateStrategy } = look.set.spec;
  requireTemplate(template, expectedTemplate(look) ?? template, held.target);
  if (updateStrategy?.type === 'OnDelete') return look;
  throw new SluiceError(
    'WORKLOAD_CHANGED',
    `Somebody set the update strategy of ${workloadName(held.target)} to ${updateStrategy?.type} in mid-release: its controller may move pods.`,
  );
}

/**
 * Undoes what somebody did to it: held again, with the template that its pods were of. Where the trail is gone nobody can
 * tell any more what its strategy was before the release: what somebody set it to, else RollingUpdate. A limit that was
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
    const { metadata, spec } = look.set;
    const trail = uncommitted(readTrail(look.set) ?? (await trailByPods(kube, kind, look)));
    const base = look.revisions.find((revision) => revision.metadata.name === trail.revision);
    const isOpen = look.revisions.some(isInterim);
    await kube.patch(
      kind.resource,
      { namespace: metadata.namespace ?? '', name: metadata.name },
      [
        { op: 'replace', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
        {
          op: 'add',
          path: '/metadata/annotations',
          value: { ...metadata.annotations, ...holdMarks(held.holder, trail) },
        },
        { op: 'replace', path: '/spec/updateStrategy', value: { type: 'OnDelete' } },
        ...Object.entries(roomFor(kind, trail)).map(([field, value]) => ({ op: 'add', path: `/spec/${field}`, value })),
        { op: 'replace', path: '/spec/template', value: base ? ours(templateOf(base), isOpen) : spec.template },
      ],
      { as: 'json' },
    );
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
  const of = new Set((await livingPods(kube, look.set)).map(({ metadata }) => metadata.labels?.[revisionLabel]));
  const known = look.revisions.filter(({ metadata }) => of.has(kind.labelOf(metadata.name, look.revisions)));
  const base = known.findLast((revision) => !isInterim(revision)) ?? known.at(-1);
  const { updateStrategy } = look.set.spec;
  const strategy: AnySet['spec']['updateStrategy'] =
    updateStrategy?.type === 'OnDelete' ? { type: 'RollingUpdate' } : updateStrategy;
  const trail = trailOf(look, base?.metadata.name ?? '', kind.room, strategy);
  const numbers = Object.entries(trail.numbers).filter(([, number]) => number <= (base?.revision ?? 0));
  return { ...trail, numbers: Object.fromEntries(numbers) };
}
