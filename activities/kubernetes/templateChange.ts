import type { CommitRequest } from '../../workflows/contract/activities.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { hasAll } from '../../workflows/contract/imageName.ts';
import { marks, type Target, workloadName } from '../../workflows/contract/names.ts';
import type { Images } from '../../workflows/contract/observation.ts';
import { difference, templateImages } from './templates.ts';
import type { PodTemplate } from './wire.ts';

/** Annotation that kubectl shows in `rollout history`. */
export const causeKey = 'kubernetes.io/change-cause';

/** A strategic merge patch of a template. */
export const imagesPatch = (images: Images) => ({
  spec: { containers: Object.entries(images).map(([name, image]) => ({ name, image })) },
});

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

/** Which side of the change a template is on. @throws WORKLOAD_CHANGED where it is on neither */
export function whichImages(template: PodTemplate, { from, to, target }: CommitRequest): 'from' | 'to' {
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
