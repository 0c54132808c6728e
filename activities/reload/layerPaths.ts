import { posix } from 'node:path';

/** A path as it stands in the archive of a layer: `./etc/app/` and `/etc/app` are `etc/app`. */
export const pathIn = (name: string): string => posix.join('/', name).replace(/^\/|\/$/g, '');

/**
 * Entries of a layer by which the layers below have that file no more: whiteouts of it or of a directory above it, and
 * opaque directories (OCI image-spec, layer.md, Whiteouts).
 */
export function hidersOf(path: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (let at = pathIn(path); at !== '.'; at = posix.dirname(at)) {
    const above = posix.dirname(at);
    names.add(pathIn(posix.join(above, `.wh.${posix.basename(at)}`)));
    names.add(pathIn(posix.join(above, '.wh..wh..opq')));
  }
  return names;
}
