import type { Births, CommitRequest, HeldRequest } from '../../workflows/contract/activities/hold.ts';
import { marks } from '../../workflows/contract/names.ts';
import type { KeptTemplates } from './keptTemplates.ts';
import { withOurs } from './templateChange.ts';
import type { PodTemplate } from './wire.ts';

/** What pods of the new template bear, where they go over to it by being made anew, not as they are. */
export const markOfBirths = ({ mark, resources }: CommitRequest): string | undefined =>
  resources === undefined ? mark : undefined;

/** Whether pods of that template are born with the marks of a release that makes pods anew. */
export const isBearing = (template: PodTemplate | undefined): boolean =>
  template?.metadata?.annotations?.[marks.release] !== undefined;

/** `template` whose pods can be told: by whom they were born, and from which version. */
export function marked(template: PodTemplate, holder: string, { side, mark }: Births): PodTemplate {
  const annotations = { [marks.release]: holder, ...(side === 'to' && { [marks.template]: mark }) };
  return {
    ...template,
    metadata: { ...template.metadata, annotations: { ...template.metadata?.annotations, ...annotations } },
  };
}

/**
 * From what pods are born in the place of `live`: as `births` says, with marks; else from the version that is the
 * workload's `own`, without.
 */
export function templateOfBirths(
  kept: KeptTemplates,
  live: PodTemplate,
  { holder, births }: HeldRequest & { readonly births?: Births },
  own: Births['side'],
): PodTemplate {
  const plain = withOurs(kept[births?.side ?? own], live);
  return births ? marked(plain, holder, births) : plain;
}
