import type { Images } from './observation.ts';

/** An image reference as it is written, taken apart; see activities/registry for what it means to a registry. */
interface ImageParts {
  /** Registry and repository. */
  readonly name: string;
  readonly tag?: string;
  /** `sha256:…` */
  readonly digest?: string;
}

export function imageParts(image: string): ImageParts {
  const [named = '', digest] = image.split('@');
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  return {
    name: colon < 0 ? named : named.slice(0, colon),
    ...(colon >= 0 && { tag: named.slice(colon + 1) }),
    ...(digest !== undefined && { digest }),
  };
}

/** What to call the version of an image: its tag, else the start of its digest, else `latest`. */
export function tagOf(image: string): string {
  const { tag, digest } = imageParts(image);
  return tag ?? (digest === undefined ? 'latest' : shortDigest(digest));
}

/** `image` with `digest`, unless it names one already. */
export const pinned = (image: string, digest: string | undefined): string =>
  digest === undefined || image.includes('@') ? image : `${image}@${digest}`;

/** `sha256:` and as many digits as tell versions apart. */
export const shortDigest = (digest: string): string => digest.slice(0, 'sha256:'.length + 12);

/** Whether two references are certain to mean the same image: letter by letter, or one digest in one repository. */
export function sameImage(a: string, b: string): boolean {
  if (a === b) return true;
  const [one, other] = [imageParts(a), imageParts(b)];
  return one.digest !== undefined && one.digest === other.digest && one.name === other.name;
}

/** Whether `has` names all of `images`, letter by letter. */
export const hasAll = (has: Images, images: Images): boolean =>
  Object.entries(images).every(([container, image]) => has[container] === image);
