import type { BearRequest } from '../../../workflows/contract/activities/hold.ts';
import type { Target } from '../../../workflows/contract/names.ts';
import type { TemplateSource } from '../../../workflows/contract/plan.ts';
import type { Recreation } from '../../ports.ts';
import { previewTemplate } from '../previewTemplate.ts';
import { rehearseBirth } from '../rehearseBirth.ts';
import { replacePods } from '../replacePods.ts';
import { bearFrom, nurseryOf, recreationAccess } from '../replicaSetBirths.ts';
import { replicaSets } from '../resources.ts';
import type { Connection } from '../types.ts';
import type { PodTemplate } from '../wire.ts';
import { lookAgain, lookHeld, lookThere } from './look.ts';
import { readTrail } from './trail.ts';

/** What an owner reference calls it. */
export const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet' } as const;

/** How pods of a ReplicaSet are made anew: as those of a Deployment, but the template is its own. */
export const recreationOf = (kube: Connection, signal: AbortSignal): Recreation => ({
  access: recreationAccess,
  async preview(target, source) {
    const template = await previewed(kube, target, source);
    await rehearseBirth(kube, target, template);
    return template;
  },
  bear: (request) => bear(kube, request),
  replace: (request, pods) =>
    replacePods(request.pods, request, {
      kube,
      signal,
      pods,
      nursery: async () => nurseryOf(await lookThere(kube, request)),
    }),
});

/** The new template as it would have it. It keeps no revisions. @throws PATCH_REFUSED, REVISION_NOT_FOUND */
export const previewed = (kube: Connection, target: Target, source: TemplateSource): Promise<PodTemplate> =>
  previewTemplate(kube, replicaSets, target, source, () => Promise.resolve(new Map()));

/** Sets its template, from which pods are born. See the port. @throws WORKLOAD_NOT_FOUND, WORKLOAD_CHANGED, CONFLICT */
export const bear = (kube: Connection, request: BearRequest): Promise<void> =>
  bearFrom(kube, request, async () => {
    const set = await (request.births ? lookHeld : lookAgain)(kube, request);
    return set && { set, own: readTrail(set)?.after === undefined ? 'from' : 'to' };
  });
