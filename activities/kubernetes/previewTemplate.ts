import { SluiceError } from '../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../workflows/contract/names.ts';
import type { TemplateSource } from '../../workflows/contract/plan.ts';
import { KubernetesFailure } from './kubernetesFailure.ts';
import type { Resource } from './resources.ts';
import { strategicMerge } from './strategicMerge.ts';
import { withoutOurs } from './templates.ts';
import type { Connection } from './types.ts';
import type { PodTemplate } from './wire.ts';

/** Its template of each revision, by number. */
export type Revisions = ReadonlyMap<number, PodTemplate>;

interface Templated {
  readonly spec: { readonly template?: PodTemplate };
}

/**
 * The new template as the workload would have it: a dry run, which refuses fields that there are none of.
 * @throws PATCH_REFUSED, REVISION_NOT_FOUND
 */
export async function previewTemplate<T extends Templated>(
  kube: Connection,
  resource: Resource<T>,
  target: Target,
  source: TemplateSource,
  revisions: () => Promise<Revisions>,
): Promise<PodTemplate> {
  const template = 'patch' in source ? source.patch : revised(await revisions(), source.revision, target);
  try {
    return await rehearsed(kube, resource, target, template);
  } catch (error) {
    if (!(error instanceof KubernetesFailure && (error.status === 400 || error.status === 422))) throw error;
    throw new SluiceError('PATCH_REFUSED', `The new template: ${reasonOf(error)}`);
  }
}

/** The template after a strategic merge patch, which the API server does for its own kinds only. */
async function rehearsed<T extends Templated>(
  kube: Connection,
  resource: Resource<T>,
  target: Target,
  template: object,
): Promise<PodTemplate> {
  const dry = { dryRun: true, strict: true };
  if (resource.group === 'apps') {
    return (
      (await kube.patch(resource, target, { spec: { template } }, { as: 'strategic', ...dry })).spec.template ?? {}
    );
  }
  const { spec } = await kube.get(resource, target);
  const body = [{ op: 'replace', path: '/spec/template', value: strategicMerge(spec.template ?? {}, template) }];
  return (await kube.patch(resource, target, body, { as: 'json', ...dry })).spec.template ?? {};
}

/** What the API server says of fields that there are none of, without the whole patch around it. */
const reasonOf = ({ message }: KubernetesFailure): string =>
  /strict decoding error: (.*)$/s.exec(message)?.[1]?.replaceAll('spec.template.', '') ?? message;

/** A patch that puts the template of a revision in the place of the workload's. */
function revised(revisions: Revisions, revision: number, target: Target): object {
  const template = revisions.get(revision);
  if (template) return { $patch: 'replace', ...withoutOurs(template) };
  const there = [...revisions.keys()].toSorted((a, b) => a - b);
  throw new SluiceError(
    'REVISION_NOT_FOUND',
    `${workloadName(target)} has no revision ${revision}; ${there.length === 0 ? 'it keeps none' : `there are ${there.join(', ')}`}.`,
    { details: { revisions: there } },
  );
}
