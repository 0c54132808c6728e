/** Tag of an image reference; `latest` where it has none, the digest's first characters where it has only that. */
export function tagOf(image: string): string {
  const [reference = '', digest] = image.split('@');
  const last = reference.slice(reference.lastIndexOf('/') + 1);
  const colon = last.indexOf(':');
  if (colon >= 0) return last.slice(colon + 1);
  return digest === undefined ? 'latest' : digest.slice(0, 15);
}

/** `image` with `digest`, unless it names one already. */
export const pinned = (image: string, digest: string | undefined): string =>
  digest === undefined || image.includes('@') ? image : `${image}@${digest}`;
