import { anonymously } from './anonymously.ts';
import { type ImageReference, serverOf } from './imageReference.ts';

interface Blob {
  /** HTTP status. */
  readonly status: number;
  /** Nothing unless it is there. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Begins to read a blob of a repository as the OCI distribution spec says, without a login; a redirect is followed.
 * Throws whatever the connection throws.
 */
export const openBlob = ({ host, repository }: ImageReference, digest: string, signal: AbortSignal): Promise<Blob> =>
  anonymously(async (token) => {
    const response = await fetch(`${serverOf(host)}/v2/${repository}/blobs/${digest}`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal,
    });
    if (!response.ok) await response.body?.cancel();
    return {
      status: response.status,
      body: response.ok && response.body ? response.body : nothing(),
      challenge: response.headers.get('www-authenticate') ?? undefined,
    };
  }, signal);

async function* nothing(): AsyncGenerator<Uint8Array> {}
