import type { CommitRequest } from '../../workflows/contract/activities/hold.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { hasAll } from '../../workflows/contract/imageName.ts';
import { marks, type Target, workloadName } from '../../workflows/contract/names.ts';
import type { Images } from '../../workflows/contract/observation.ts';
import { type KeptTemplates, keptTemplates } from './keptTemplates.ts';
import {
  difference,
  hashLabel,
  sameTemplate,
  templateFingerprint,
  templateImages,
  withImages,
  withoutOurs,
} from './templates.ts';
import type { Connection } from './types.ts';
import type { PodTemplate } from './wire.ts';

/** Annotation that kubectl shows in `rollout history`. */
export const causeKey = 'kubernetes.io/change-cause';

/**
 * A strategic merge patch that sets images of `template`. In the order of its containers: another one would put them in that order,
 * and it would be another template. Without `template`, for dry runs, as they come.
 */
export function imagesPatch(images: Images, template?: PodTemplate) {
  const names = Object.keys(template === undefined ? images : templateImages(template));
  return { spec: { containers: names.flatMap((name) => imageOf(images, name)) } };
}

function imageOf(images: Images, name: string) {
  const image = images[name];
  return image === undefined ? [] : [{ name, image }];
}

type Side = 'from' | 'to';

/** How a template gets from one version to the other, and back. */
export interface TemplateChange {
  /** Which side a template is on, our labels aside. @throws WORKLOAD_CHANGED where it is on neither */
  sideOf(template: PodTemplate): Side;
  /** `template` on that side, with the labels by which its controller and an open way out of traffic know its pods. */
  on(side: Side, template: PodTemplate): PodTemplate;
  /** What brings `template` there: a strategic merge patch of it. */
  patchTo(side: Side, template: PodTemplate): object;
}

/** The change of a release: of images, or of the templates that it has kept. @throws WORKLOAD_CHANGED */
export const changeOf = async (kube: Connection, request: CommitRequest): Promise<TemplateChange> =>
  request.mark === undefined ? imagesChange(request) : wholeChange(await keptTemplates(kube, request), request.target);

const imagesChange = (request: CommitRequest): TemplateChange => ({
  sideOf: (template) => whichImages(template, request),
  on: (side, template) => withImages(template, request[side]),
  patchTo: (side, template) => imagesPatch(request[side], template),
});

function wholeChange(kept: KeptTemplates, target: Target): TemplateChange {
  const on = (side: Side, template: PodTemplate): PodTemplate => withOurs(kept[side], template);
  return {
    sideOf(template) {
      const plain = withoutOurs(template);
      if (sameTemplate(plain, kept.to)) return 'to';
      requireTemplate(plain, kept.from, target);
      return 'from';
    },
    on,
    patchTo: (side, template) => ({ $patch: 'replace', ...on(side, template) }),
  };
}

/** `template` with the labels that `live` has from its controller and an open way out of traffic. */
export function withOurs(template: PodTemplate, live: PodTemplate): PodTemplate {
  const labels = Object.entries(live.metadata?.labels ?? {}).filter(
    ([key]) => key === hashLabel || key === marks.serving,
  );
  return {
    ...template,
    metadata: { ...template.metadata, labels: { ...template.metadata?.labels, ...Object.fromEntries(labels) } },
  };
}

/** @throws WORKLOAD_CHANGED unless the template has the images that the plan was made from */
export function requireImages(template: PodTemplate, from: Images, target: Target): void {
  const images = templateImages(template);
  for (const [container, image] of Object.entries(from)) {
    if (images[container] === image) continue;
    throw new SluiceError(
      'WORKLOAD_CHANGED',
      `The template of ${workloadName(target)} has ${container}=${images[container] ?? 'no such container'} now; the plan was made from ${image}.`,
      { next: 'Plan and release again.' },
    );
  }
}

/** @throws WORKLOAD_CHANGED unless it is the template that the plan was made from */
export function requireFingerprint(template: PodTemplate, planned: string, target: Target): void {
  if (templateFingerprint(template) === planned) return;
  const text = `Somebody changed the template of ${workloadName(target)} since the plan was made.`;
  throw new SluiceError('WORKLOAD_CHANGED', text, { next: 'Plan and release again.' });
}

/** Which side of a change of images a template is on. @throws WORKLOAD_CHANGED where it is on neither */
export function whichImages(template: PodTemplate, { from, to, target }: CommitRequest): Side {
  const images = templateImages(template);
  if (hasAll(images, to)) return 'to';
  if (hasAll(images, from)) return 'from';
  const found = Object.keys(to).map((container) => `${container}=${images[container] ?? 'no such container'}`);
  throw new SluiceError(
    'WORKLOAD_CHANGED',
    `Somebody set the template of ${workloadName(target)} to ${found.join(', ')} in mid-release.`,
  );
}

/** @throws WORKLOAD_CHANGED where the template is another than `expected`, our label of an open way out of traffic aside */
export function requireTemplate(template: PodTemplate, expected: PodTemplate, target: Target): void {
  const found = difference(template, expected, [marks.serving]);
  if (found === undefined) return;
  throw new SluiceError(
    'WORKLOAD_CHANGED',
    `Somebody changed the template of ${workloadName(target)} in mid-release: ${found}.`,
  );
}
