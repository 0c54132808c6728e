import { request } from 'undici';
import { anonymously } from './anonymously.ts';
import { type ImageReference, serverOf } from './imageReference.ts';

const accept = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

interface ManifestAnswer {
  /** HTTP status. */
  readonly status: number;
  /** As the registry names it; not where it does not. */
  readonly digest?: string;
  /** The manifest as it is; empty for HEAD. */
  readonly body: string;
}

/**
 * Asks a registry for a manifest as the OCI distribution spec says, without a login. Plain HTTP only on loopback.
 * Throws whatever the connection throws.
 */
export const askManifest = (
  { host, repository, tag, digest }: ImageReference,
  method: 'HEAD' | 'GET',
  signal: AbortSignal,
): Promise<ManifestAnswer> =>
  anonymously(async (token) => {
    const response = await request(`${serverOf(host)}/v2/${repository}/manifests/${digest ?? tag}`, {
      method,
      headers: { accept, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      signal,
    });
    const named = single(response.headers['docker-content-digest']);
    return {
      status: response.statusCode,
      body: await response.body.text(),
      ...(named !== undefined && { digest: named }),
      challenge: single(response.headers['www-authenticate']),
    };
  }, signal);

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;
