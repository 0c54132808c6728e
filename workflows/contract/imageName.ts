/** What to call the version of an image: its tag, else the start of its digest, else `latest`. */
export function tagOf(image: string): string {
  const [reference = '', digest] = image.split('@');
  const last = reference.slice(reference.lastIndexOf('/') + 1);
  const colon = last.indexOf(':');
  if (colon >= 0) return last.slice(colon + 1);
  return digest === undefined ? 'latest' : shortDigest(digest);
}

/** `image` with `digest`, unless it names one already. */
export const pinned = (image: string, digest: string | undefined): string =>
  digest === undefined || image.includes('@') ? image : `${image}@${digest}`;

/** `sha256:` and as many digits as tell versions apart. */
export const shortDigest = (digest: string): string => digest.slice(0, 'sha256:'.length + 12);
