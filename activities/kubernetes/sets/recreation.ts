import type { Target } from '../../../workflows/contract/names.ts';
import type { TemplateSource } from '../../../workflows/contract/plan.ts';
import type { Access, Recreation } from '../../ports.ts';
import { isInterim, templateOf } from '../controllerRevisions.ts';
import { previewTemplate } from '../previewTemplate.ts';
import { rehearseBirth } from '../rehearseBirth.ts';
import { replacePods } from '../replacePods.ts';
import type { Connection } from '../types.ts';
import type { PodTemplate } from '../wire.ts';
import { bear } from './bear.ts';
import type { SetKind } from './kind.ts';
import { lookAt, lookThere } from './look.ts';

/** Pods are created in dry runs only. */
const access: readonly Access[] = [
  ...['create', 'get'].map((verb) => ({ group: 'apps', resource: 'controllerrevisions', verb })),
  ...['create', 'delete'].map((verb) => ({ group: '', resource: 'pods', verb })),
];

/** How pods of a set are made anew. */
export const recreationOf = (kube: Connection, kind: SetKind, signal: AbortSignal): Recreation => ({
  access,
  async preview(target, source) {
    const template = await previewed(kube, kind, target, source);
    await rehearseBirth(kube, target, template);
    return template;
  },
  bear: (request) => bear(kube, kind, request),
  replace: (request, pods) =>
    replacePods(request.pods, request, {
      kube,
      signal,
      pods,
      ...(kind.place && { place: kind.place }),
      nursery: async () => ({ replicas: kind.replicas((await lookThere(kube, kind, request)).set) }),
    }),
});

/** The new template as the set would have it. @throws PATCH_REFUSED, REVISION_NOT_FOUND */
export const previewed = (
  kube: Connection,
  kind: SetKind,
  target: Target,
  source: TemplateSource,
): Promise<PodTemplate> =>
  previewTemplate(kube, kind.resource, target, source, async () => {
    const { revisions } = await lookAt(kube, kind, target);
    const own = revisions.filter((revision) => !isInterim(revision));
    return new Map(own.map((revision) => [revision.revision, templateOf(revision)]));
  });
