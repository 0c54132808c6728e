import { createHash } from 'node:crypto';
import { SluiceError } from '../../workflows/contract/errors.ts';
import type { ReloadFile } from '../../workflows/contract/reload.ts';

/** Of one file, in bytes. */
export const mostBytes = 16 * 1024 * 1024;
/** Of all that a worker remembers, in bytes. */
const mostKept = 4 * mostBytes;
const timeoutMs = 60_000;

/** A file with what it holds. */
export interface Content {
  readonly path: string;
  readonly bytes: Buffer;
}

/** By checksum, the latest last: pods of one release ask for the same, one after another. */
const kept = new Map<string, Buffer>();

/**
 * What the files hold: downloaded where they say so, once a worker, and compared with their checksums.
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

async function artifact(
  { path, url, sha256 }: Extract<ReloadFile, { url: string }>,
  signal: AbortSignal,
): Promise<Buffer> {
  const known = kept.get(sha256);
  if (known !== undefined) return known;
  // A query may hold a token.
  const where = `${path}: ${new URL(url).origin}${new URL(url).pathname}`;
  const unfit = (why: string): SluiceError => new SluiceError('ARTIFACT_UNFIT', `${where} ${why}.`);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let bytes: Buffer | undefined;
  let status: number;
  try {
    const response = await fetch(url, { signal: limit });
    status = response.status;
    if (response.ok) bytes = await upTo(mostBytes, response);
    else await response.body?.cancel();
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : error;
    throw new SluiceError('ARTIFACT_UNREACHABLE', `${where} cannot be downloaded: ${String(why)}.`);
  }
  if (status === 429 || status >= 500) {
    throw new SluiceError('ARTIFACT_UNREACHABLE', `${where} cannot be downloaded: HTTP ${status}.`);
  }
  if (status < 200 || status > 299) throw unfit(`cannot be downloaded: HTTP ${status}`);
  if (bytes === undefined) throw unfit(`is larger than ${mostBytes / 1024 / 1024} MiB`);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw unfit(`has the checksum ${found}, and not ${sha256}`);
  keep(sha256, bytes);
  return bytes;
}

/** The whole body; undefined where it is larger: the rest is not read. */
async function upTo(most: number, response: Response): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop ends the download.
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function keep(sha256: string, bytes: Buffer): void {
  kept.set(sha256, bytes);
  let size = [...kept.values()].reduce((sum, { length }) => sum + length, 0);
  for (const [oldest, { length }] of kept) {
    if (size <= mostKept) return;
    kept.delete(oldest);
    size -= length;
  }
}
