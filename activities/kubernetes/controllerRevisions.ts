import type { NativeRevision } from '../../workflows/contract/history.ts';
import { marks } from '../../workflows/contract/names.ts';
import { isBearing } from './births.ts';
import { bornAt } from './born.ts';
import { noMarks } from './holder.ts';
import { undefinedIfMissing } from './kubernetesFailure.ts';
import { hasLabels } from './podState.ts';
import { controllerRevisions } from './resources.ts';
import { selectorText } from './selectors.ts';
import { causeKey } from './templateChange.ts';
import { difference, templateImages, withImages } from './templates.ts';
import type { Connection } from './types.ts';
import type { ControllerRevision, PodTemplate, StatefulSet } from './wire.ts';

/** Label of a pod with the revision that it belongs to: its name (StatefulSet) or its hash (DaemonSet). */
export const revisionLabel = 'controller-revision-hash';

/** What keeps its history in ControllerRevisions. */
export type Revised = Pick<StatefulSet, 'metadata'> & {
  readonly spec: Pick<StatefulSet['spec'], 'selector' | 'template'>;
};

/** The revisions that `owner` has, oldest first, as its controller sorts them. */
export async function revisionsOf(kube: Connection, owner: Revised): Promise<readonly ControllerRevision[]> {
  const { namespace = '', uid } = owner.metadata;
  const labelSelector = selectorText(owner.spec.selector);
  const { items } = await kube.list(controllerRevisions, { namespace, labelSelector });
  return items
    .filter(({ metadata }) => metadata.ownerReferences?.some((ref) => ref.controller && ref.uid === uid))
    .toSorted((a, b) => a.revision - b.revision || bornAt(a) - bornAt(b));
}

/** The template that a revision keeps: its data is a patch of the owner, and cannot be changed. */
export function templateOf({ data }: ControllerRevision): PodTemplate {
  const { $patch: _, ...template } = data?.spec?.template ?? {};
  return template;
}

/** One that only a release has made, for the time in which it drains through a Service or makes pods anew. */
export function isInterim(revision: ControllerRevision): boolean {
  const template = templateOf(revision);
  return template.metadata?.labels?.[marks.serving] !== undefined || isBearing(template);
}

/** What a revision shall be: its number, and its change-cause where that is known. */
export interface Wanted {
  readonly number: number;
  readonly cause?: string;
}

/**
 * Brings the history to what it shall be, by name; `remove` says which of the others are deleted. Our marks, which the
 * controller copies from its workload, are taken off. Only what is not so yet is written.
 */
export async function settleRevisions(
  kube: Connection,
  owner: Revised,
  wanted: ReadonlyMap<string, Wanted>,
  remove: (revision: ControllerRevision) => boolean,
): Promise<void> {
  const found = await revisionsOf(kube, owner);
  const namespace = owner.metadata.namespace ?? '';
  for (const revision of found) {
    const { name, uid } = revision.metadata;
    if (!wanted.has(name) && remove(revision)) await kube.remove(controllerRevisions, { namespace, name }, { uid });
  }
  for (const { metadata, revision } of found) {
    const { name, annotations } = metadata;
    const { number, cause } = wanted.get(name) ?? {};
    const marked = annotations !== undefined && !hasLabels(annotations, noMarks);
    const told = { ...(marked && noMarks), ...(cause !== undefined && { [causeKey]: cause }) };
    const isRight = number === undefined || (number === revision && hasLabels(annotations, told));
    if (isRight && !marked) continue;
    const body = { metadata: { annotations: told }, ...(number !== undefined && { revision: number }) };
    // Its controller may prune any that is not in use, at any moment.
    await kube.patch(controllerRevisions, { namespace, name }, body, { as: 'merge' }).catch(undefinedIfMissing);
  }
}

/** What `kubectl rollout history` lists, newest first; what a release under way has made is left out. */
export function nativeRevisions(owner: Revised, revisions: readonly ControllerRevision[]): readonly NativeRevision[] {
  const { template } = owner.spec;
  let latest = 0;
  return revisions
    .filter((revision) => !isInterim(revision))
    .map((revision): NativeRevision => {
      const kept = templateOf(revision);
      const images = templateImages(kept);
      const cause = revision.metadata.annotations?.[causeKey];
      const differs = difference(kept, withImages(template, images), [marks.serving]);
      // One that is older than its predecessors has come back: it was another revision before.
      const first = bornAt(revision) >= latest;
      latest = Math.max(latest, bornAt(revision));
      const createdAt = first ? revision.metadata.creationTimestamp : undefined;
      return {
        revision: revision.revision,
        current: difference(kept, template, [marks.serving]) === undefined,
        images,
        ...(createdAt !== undefined && { createdAt }),
        ...(cause !== undefined && { cause }),
        ...(differs !== undefined && { differs }),
      };
    })
    .toReversed();
}
