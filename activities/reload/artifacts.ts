import type { FileOf, ReloadFile } from '../../workflows/contract/reload.ts';
import { mostBytes } from './artifactFault.ts';
import { download } from './download.ts';
import { fileOfImage } from './imageFile.ts';

/** Of all that a worker remembers, in bytes. */
const mostKept = 4 * mostBytes;
const timeoutMs = 60_000;

/** A file with what it holds. */
export interface Content {
  readonly path: string;
  readonly bytes: Buffer;
}

/** By what names their content, the latest last: pods of one release ask for the same, one after another. */
const kept = new Map<string, Buffer>();

/**
 * What the files hold: got from where they say, once a worker, and compared with checksum or digest.
 * @throws ARTIFACT_UNFIT (another checksum, too large, not there), ARTIFACT_UNREACHABLE
 */
export function contentsOf(files: readonly ReloadFile[], signal: AbortSignal): Promise<readonly Content[]> {
  return Promise.all(
    files.map(async (file) => ({
      path: file.path,
      bytes: 'text' in file ? Buffer.from(file.text) : await artifact(file, signal),
    })),
  );
}

async function artifact(file: FileOf<'url'> | FileOf<'image'>, signal: AbortSignal): Promise<Buffer> {
  const name = 'url' in file ? file.sha256 : `${file.image} ${file.from}`;
  const known = kept.get(name);
  if (known !== undefined) return known;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const bytes = await ('url' in file ? download(file, signal, limit) : fileOfImage(file, signal, limit));
  keep(name, bytes);
  return bytes;
}

function keep(name: string, bytes: Buffer): void {
  kept.set(name, bytes);
  let size = [...kept.values()].reduce((sum, { length }) => sum + length, 0);
  for (const [oldest, { length }] of kept) {
    if (size <= mostKept) return;
    kept.delete(oldest);
    size -= length;
  }
}
