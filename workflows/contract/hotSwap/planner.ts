import { SluiceError } from '../errors.ts';
import { pinned } from '../imageName.ts';
import { workloadName } from '../names.ts';
import type { Images, Observation } from '../observation.ts';
import type { PlannedChange } from '../plan.ts';
import { milliseconds } from '../quantity.ts';
import type { ReleaseSpec } from '../spec.ts';
import type { PlannedHotSwap } from './plan.ts';
import { realsOf, swapped } from './roles.ts';
import type { HotSwapSpec } from './spec.schema.ts';

/** The images of the pair as the registries are asked about them: the new version where the template has the empty one. */
export const hotSwapImages = (asked: HotSwapSpec, templateImages: Images): Images => swapped(templateImages, asked);

/**
 * A hot swap. The template changes its roles as its pods do, so that pods which are born later are like those; a pod whose
 * roles are the other way round keeps them so.
 * @throws WORKLOAD_UNFIT where the template or a pod has not one real container of the pair, IMAGE_UNCHANGED
 */
export function plannedHotSwap(
  asked: HotSwapSpec,
  pin: ReleaseSpec['change']['pin'],
  observation: Observation,
): Pick<PlannedChange, 'from' | 'to'> & { readonly hotSwap: PlannedHotSwap } {
  const { templateImages, pods, findings, target } = observation;
  const { containers, emptyImage, holds } = asked;
  requireRoles(asked, observation);
  const [taker = ''] = realsOf(hotSwapImages(asked, templateImages), asked);
  const image = pin === 'Digest' ? pinned(asked.image, findings.digests[taker]) : asked.image;
  const now = new Set(
    [templateImages, ...pods.map(({ images }) => images)].flatMap((images) => running(images, asked)),
  );
  if (now.size === 1 && (now.has(image) || now.has(asked.image))) {
    throw new SluiceError(
      'IMAGE_UNCHANGED',
      `Every pod of ${workloadName(target)}, and its template, has ${asked.image} in ${containers.join(' or ')} already.`,
      { next: 'There is nothing to do.', details: { images: { [taker]: asked.image } } },
    );
  }
  const hotSwap: PlannedHotSwap = {
    containers,
    image,
    emptyImage,
    ...(holds && { holds: { command: holds.command, timeoutMs: milliseconds(holds.timeout) } }),
  };
  // As the template has them: a patch in another order would change that.
  const inOrder = (images: Images): Images =>
    Object.fromEntries(
      Object.keys(templateImages).flatMap((name) => (containers.includes(name) ? [[name, images[name] ?? '']] : [])),
    );
  return { from: inOrder(templateImages), to: inOrder(swapped(templateImages, hotSwap)), hotSwap };
}

/** What the pair of a pod runs. */
const running = (images: Images, asked: HotSwapSpec): readonly string[] =>
  realsOf(images, asked).map((container) => images[container] ?? '');

function requireRoles(asked: HotSwapSpec, { target, templateImages, pods }: Observation): void {
  const [one, two] = asked.containers;
  const unfit = (who: string, images: Images, next: string) => {
    const both = running(images, asked).length === 0 ? `both have the empty image` : `neither has the empty image`;
    return new SluiceError(
      'WORKLOAD_UNFIT',
      `change.hotSwap: of ${one} and ${two} one must have ${asked.emptyImage} and the other one a version, but in ${who} ${both}: ${one}=${images[one]}, ${two}=${images[two]}.`,
      { next, details: { images: { [one]: images[one], [two]: images[two] } } },
    );
  };
  if (realsOf(templateImages, asked).length !== 1) {
    const next = 'Set the image of one of them in the template, or correct containers and emptyImage.';
    throw unfit(workloadName(target), templateImages, next);
  }
  const wrong = pods.find(({ images }) => realsOf(images, asked).length !== 1);
  if (wrong === undefined) return;
  const next = `Look which of them holds the connections, and give the other one the empty image: \`kubectl set image pod/${wrong.name} -n ${target.namespace} <container>=${asked.emptyImage}\`; or delete the pod.`;
  throw unfit(`pod ${wrong.name}`, wrong.images, next);
}
