import { SluiceError } from '../../workflows/contract/errors.ts';

/** Of one file, in bytes. */
export const mostBytes = 16 * 1024 * 1024;

/** What is there is not what was asked for; `where` names the file and its source. */
export const unfit = (where: string, why: string): SluiceError => new SluiceError('ARTIFACT_UNFIT', `${where} ${why}.`);

export const tooLarge = (where: string): SluiceError => unfit(where, `is larger than ${mostBytes / 1024 / 1024} MiB`);

/** It may be had later. */
export const unreachable = (where: string, why: string): SluiceError =>
  new SluiceError('ARTIFACT_UNREACHABLE', `${where} cannot be downloaded: ${why}.`);

/** @throws ARTIFACT_UNREACHABLE, ARTIFACT_UNFIT for what is no success */
export function requireOk(where: string, status: number): void {
  if (status === 429 || status >= 500) throw unreachable(where, `HTTP ${status}`);
  if (status < 200 || status > 299) throw unfit(where, `cannot be downloaded: HTTP ${status}`);
}

/** The same for what a connection threw. `signal`: of the caller, whose end is no fault of the server's */
export function unreachableBy(where: string, error: unknown, signal: AbortSignal): SluiceError {
  signal.throwIfAborted();
  if (error instanceof SluiceError) return error;
  const why = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : error;
  return unreachable(where, String(why));
}

/** All of it; undefined where it is larger than a file may be: the rest is not read. */
export async function upToMost(chunks: AsyncIterable<Uint8Array>): Promise<Buffer | undefined> {
  const read: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop ends the download.
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > mostBytes) return undefined;
    read.push(chunk);
  }
  return Buffer.concat(read);
}
