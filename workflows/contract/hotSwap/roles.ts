import type { Images } from '../observation.ts';
import type { PlannedHotSwap } from './plan.ts';

/** Which container of a pair is the real one, told by the images. Pure. */
type Pair = Pick<PlannedHotSwap, 'containers' | 'emptyImage'>;

/** Also where one of the two names a digest, and the other does not. */
function isEmpty(image: string | undefined, emptyImage: string): boolean {
  const [name, digest] = (image ?? '').split('@');
  const [emptyName, emptyDigest] = emptyImage.split('@');
  return name === emptyName && (digest === undefined || emptyDigest === undefined || digest === emptyDigest);
}

/** The containers of the pair that have a version: one, where all is well. */
export const realsOf = (images: Images, { containers, emptyImage }: Pair): readonly string[] =>
  containers.filter((container) => !isEmpty(images[container], emptyImage));

export const otherOf = (container: string, { containers: [one, two] }: Pick<Pair, 'containers'>): string =>
  container === one ? two : one;

/** Whether a container of the pair has the new version, handed over or not. */
export const hasBegun = (
  images: Images,
  { containers, image }: Pick<PlannedHotSwap, 'containers' | 'image'>,
): boolean => containers.some((container) => images[container] === image);

/** The images of the pair when all is done: the new version where it is already, else where nothing is. */
export function swapped(images: Images, swap: Pair & Pick<PlannedHotSwap, 'image'>): Images {
  const { containers, image, emptyImage } = swap;
  const reals = realsOf(images, swap);
  const taker =
    containers.find((container) => images[container] === image) ??
    containers.find((container) => !reals.includes(container)) ??
    containers[0];
  return { [taker]: image, [otherOf(taker, swap)]: emptyImage };
}

/** The container that is the real one in `goal`: the one that takes over on the way there. */
export const takerOf = (goal: Images, pair: Pair): string => realsOf(goal, pair)[0] ?? pair.containers[0];
