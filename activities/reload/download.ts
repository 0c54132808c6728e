import { createHash } from 'node:crypto';
import type { FileOf } from '../../workflows/contract/reload.ts';
import { requireOk, tooLarge, unfit, unreachableBy, upToMost } from './artifactFault.ts';

/**
 * What is at a URL, compared with its checksum.
 * @throws ARTIFACT_UNFIT (another checksum, too large, not there), ARTIFACT_UNREACHABLE
 */
export async function download(
  { path, url, sha256 }: FileOf<'url'>,
  signal: AbortSignal,
  limit: AbortSignal,
): Promise<Buffer> {
  // A query may hold a token.
  const where = `${path}: ${new URL(url).origin}${new URL(url).pathname}`;
  let bytes: Buffer | undefined;
  let status: number;
  try {
    const response = await fetch(url, { signal: limit });
    status = response.status;
    if (response.ok) bytes = await upToMost(response.body ?? none());
    else await response.body?.cancel();
  } catch (error) {
    throw unreachableBy(where, error, signal);
  }
  requireOk(where, status);
  if (bytes === undefined) throw tooLarge(where);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw unfit(where, `has the checksum ${found}, and not ${sha256}`);
  return bytes;
}

async function* none(): AsyncGenerator<Uint8Array> {}
