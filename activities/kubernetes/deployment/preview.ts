import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import type { Target } from '../../../workflows/contract/names.ts';
import type { TemplateSource } from '../../../workflows/contract/plan.ts';
import { previewTemplate } from '../previewTemplate.ts';
import { rehearseBirth } from '../rehearseBirth.ts';
import type { Nursery } from '../replacePods.ts';
import { nurseryOf } from '../replicaSetBirths.ts';
import { deployments } from '../resources.ts';
import type { Connection } from '../types.ts';
import type { PodTemplate } from '../wire.ts';
import { lookAt, lookThere } from './look.ts';
import { revisionKey } from './trail.ts';

/** What an owner reference calls it. */
export const owner = { apiVersion: 'apps/v1', kind: 'Deployment' } as const;

/** The new template as the Deployment would have it. @throws PATCH_REFUSED, REVISION_NOT_FOUND */
export const previewed = (kube: Connection, target: Target, source: TemplateSource): Promise<PodTemplate> =>
  previewTemplate(kube, deployments, target, source, async () => {
    const { sets } = await lookAt(kube, target);
    const numbered = sets.flatMap(({ metadata, spec }): [number, PodTemplate][] => {
      const number = Number(metadata.annotations?.[revisionKey]);
      return number > 0 && spec.template ? [[number, spec.template]] : [];
    });
    return new Map(numbered);
  });

/** See Recreation.preview. */
export async function preview(kube: Connection, target: Target, source: TemplateSource): Promise<PodTemplate> {
  const template = await previewed(kube, target, source);
  await rehearseBirth(kube, target, template);
  return template;
}

/** How its births go, by its live ReplicaSet. */
export async function nursery(kube: Connection, held: HeldRequest): Promise<Nursery> {
  const { deployment, live } = await lookThere(kube, held);
  return { ...(live && nurseryOf(live)), replicas: deployment.spec.replicas ?? 1 };
}
