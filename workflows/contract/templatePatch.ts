import { hashOf } from './fingerprint.ts';
import type { Images } from './observation.ts';
import type { TemplateSource } from './plan.ts';
import type { TemplatePatch } from './template.schema.ts';

interface Container {
  readonly name?: unknown;
  readonly image?: unknown;
  readonly $patch?: unknown;
}

const containersOf = ({ spec }: TemplatePatch): readonly Container[] =>
  Array.isArray(spec?.['containers']) ? (spec['containers'] as readonly Container[]) : [];

/** The images that a patch of a template sets, by container. */
export const patchedImages = (patch: TemplatePatch): Images =>
  Object.fromEntries(
    containersOf(patch).flatMap(({ name, image }) =>
      typeof name === 'string' && typeof image === 'string' ? [[name, image]] : [],
    ),
  );

/** Containers that a patch of a template can only mean as those that are there: it gives them no image. */
export const patchedThere = (patch: TemplatePatch): readonly string[] =>
  containersOf(patch).flatMap(({ name, image, $patch }) =>
    typeof name === 'string' && image === undefined && $patch === undefined ? [name] : [],
  );

/** `patch` that sets these images besides. */
export function withImagesOf(patch: TemplatePatch, images: Images): TemplatePatch {
  if (Object.keys(images).length === 0) return patch;
  const there = containersOf(patch);
  const named = new Set(there.map(({ name }) => name));
  const changed = there.map((container) => {
    const image = typeof container.name === 'string' ? images[container.name] : undefined;
    return image === undefined ? container : { ...container, image };
  });
  const added = Object.entries(images).flatMap(([name, image]) => (named.has(name) ? [] : [{ name, image }]));
  return { ...patch, spec: { ...patch.spec, containers: [...changed, ...added] } };
}

/** What tells the pods of a new template from others: `from` is the fingerprint of the one before. */
export function templateMark(from: string, source: TemplateSource): string {
  const text = JSON.stringify(source);
  return `${hashOf(`${from} ${text}`)}${hashOf(`${text} ${from}`)}`;
}
