import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';

/**
 * Yields the content of one regular file of a tar stream, matched by the last segment of its path.
 * @throws when the archive does not hold it or ends inside it
 */
export async function* untar(tar: AsyncIterable<Buffer>, member: string): AsyncGenerator<Buffer> {
  const entries = extract();
  // Its failure ends the loop below, too.
  const fed = pipeline(tar, entries).catch(() => undefined);
  let found = false;
  for await (const entry of entries) {
    const { name, type } = entry.header;
    const wanted: boolean = !found && type === 'file' && name.split('/').at(-1) === member;
    found ||= wanted;
    if (wanted) yield* entry as AsyncIterable<Buffer>;
    else entry.resume();
  }
  await fed;
  if (!found) throw new Error(`the archive has no file ${member}`);
}
