import type { HeldRequest } from '../../../workflows/contract/activities.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../../workflows/contract/names.ts';
import type { TemplateSource } from '../../../workflows/contract/plan.ts';
import { KubernetesFailure } from '../kubernetesFailure.ts';
import { rehearseBirth } from '../rehearseBirth.ts';
import type { Nursery } from '../replacePods.ts';
import { deployments } from '../resources.ts';
import { withoutOurs } from '../templates.ts';
import type { Connection } from '../types.ts';
import type { PodTemplate, ReplicaSet } from '../wire.ts';
import { lookAt, lookThere } from './look.ts';
import { revisionKey } from './trail.ts';

/** What an owner reference calls it. */
export const owner = { apiVersion: 'apps/v1', kind: 'Deployment' } as const;

/** The new template as the Deployment would have it: a dry run, which refuses fields that there are none of. */
export async function previewed(kube: Connection, target: Target, source: TemplateSource): Promise<PodTemplate> {
  const template = 'patch' in source ? source.patch : await revised(kube, target, source.revision);
  const body = { spec: { template } };
  try {
    const { spec } = await kube.patch(deployments, target, body, { as: 'strategic', dryRun: true, strict: true });
    return spec.template;
  } catch (error) {
    if (!(error instanceof KubernetesFailure && (error.status === 400 || error.status === 422))) throw error;
    throw new SluiceError('PATCH_REFUSED', `The new template: ${reasonOf(error)}`);
  }
}

/** What the API server says of fields that there are none of, without the whole patch around it. */
const reasonOf = ({ message }: KubernetesFailure): string =>
  /strict decoding error: (.*)$/s.exec(message)?.[1]?.replaceAll('spec.template.', '') ?? message;

/** A patch that puts the template of a revision in the place of the Deployment's. */
async function revised(kube: Connection, target: Target, revision: number): Promise<object> {
  const { sets } = await lookAt(kube, target);
  const numberOf = ({ metadata }: ReplicaSet) => Number(metadata.annotations?.[revisionKey]);
  const template = sets.find((set) => numberOf(set) === revision)?.spec.template;
  if (template) return { $patch: 'replace', ...withoutOurs(template) };
  const there = sets.map(numberOf).filter((number) => number > 0);
  throw new SluiceError(
    'REVISION_NOT_FOUND',
    `${workloadName(target)} has no revision ${revision}; there are ${there.toSorted((a, b) => a - b).join(', ')}.`,
    { details: { revisions: there } },
  );
}

/** See Recreation.preview. */
export async function preview(kube: Connection, target: Target, source: TemplateSource): Promise<PodTemplate> {
  const template = await previewed(kube, target, source);
  await rehearseBirth(kube, target, template);
  return template;
}

/** How its births go, by its live ReplicaSet. */
export async function nursery(kube: Connection, held: HeldRequest): Promise<Nursery> {
  const { deployment, live } = await lookThere(kube, held);
  const failure = live?.status?.conditions?.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  return {
    replicas: deployment.spec.replicas ?? 1,
    ...(failure?.message !== undefined && { refused: failure.message }),
  };
}
