import { isIP } from 'node:net';
import { request } from 'undici';
import { decode } from '../kubernetes/decode.ts';
import { parseChallenge } from './challenge.ts';
import type { ImageReference } from './imageReference.ts';

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
export async function askManifest(
  reference: ImageReference,
  method: 'HEAD' | 'GET',
  signal: AbortSignal,
): Promise<ManifestAnswer> {
  const first = await ask(reference, method, signal);
  if (first.status !== 401) return first;
  const token = await anonymousToken(first.challenge, signal);
  return token === undefined ? first : ask(reference, method, signal, token);
}

async function ask(
  { host, repository, tag, digest }: ImageReference,
  method: 'HEAD' | 'GET',
  signal: AbortSignal,
  token?: string,
): Promise<ManifestAnswer & { readonly challenge: string | undefined }> {
  const server = host === 'docker.io' ? 'registry-1.docker.io' : host;
  const scheme = isLoopback(server) ? 'http' : 'https';
  const response = await request(`${scheme}://${server}/v2/${repository}/manifests/${digest ?? tag}`, {
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
}

/** A token for reading without a login; undefined where there is none to be had. */
async function anonymousToken(header: string | undefined, signal: AbortSignal): Promise<string | undefined> {
  const challenge = parseChallenge(header);
  if (!challenge) return undefined;
  const url = new URL(challenge.realm);
  if (url.protocol !== 'https:' && !isLoopback(url.host)) return undefined;
  for (const [key, value] of Object.entries(challenge.parameters)) url.searchParams.set(key, value);
  const response = await request(url, { signal });
  const text = await response.body.text();
  if (response.statusCode !== 200) return undefined;
  const { token, access_token: accessToken } = decode<{ token?: string; access_token?: string }>(text);
  return token ?? accessToken;
}

/** `localhost`, `127.0.0.1:5000`, `[::1]:5000`. */
function isLoopback(hostAndPort: string): boolean {
  const host = hostAndPort.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;
