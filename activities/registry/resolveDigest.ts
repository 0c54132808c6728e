import { isIP } from 'node:net';
import { request } from 'undici';
import { decode } from '../kubernetes/decode.ts';
import { parseChallenge } from './challenge.ts';
import { type ImageReference, parseImage } from './imageReference.ts';

/** `digest`: the registry has it. `missing`: it says that it does not. `silent`: it did not say, and why. */
export type Resolved = { readonly digest: string } | { readonly missing: string } | { readonly silent: string };

const accept = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

const defaultTimeoutMs = 5_000;

/**
 * Asks the registry for the digest that `image` stands for, without a login, as the OCI distribution spec says. Plain
 * HTTP only on loopback. Never throws: a registry that cannot be asked is no reason not to release.
 */
export async function resolveDigest(
  image: string,
  signal: AbortSignal,
  timeoutMs = defaultTimeoutMs,
): Promise<Resolved> {
  const reference = parseImage(image);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    return await ask(reference, limit);
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) return { silent: `no answer within ${timeoutMs / 1000} s` };
    return { silent: `no answer from ${reference.host}: ${reasonOf(error)}` };
  }
}

async function ask(reference: ImageReference, signal: AbortSignal): Promise<Resolved> {
  let answer = await head(reference, signal);
  if (answer.status === 401) {
    const token = await anonymousToken(answer.challenge, signal);
    if (token !== undefined) answer = await head(reference, signal, token);
  }
  const { status, digest } = answer;
  if (status === 404)
    return { missing: `${reference.host} has no ${reference.repository}:${reference.digest ?? reference.tag}` };
  if (status === 401 || status === 403) return { silent: `${reference.host} wants a login` };
  if (status === 429) return { silent: `${reference.host} limits how often it may be asked` };
  if (status !== 200) return { silent: `${reference.host} answered HTTP ${status}` };
  if (reference.digest !== undefined) return { digest: reference.digest };
  return digest === undefined ? { silent: `${reference.host} does not name the digest` } : { digest };
}

async function head({ host, repository, tag, digest }: ImageReference, signal: AbortSignal, token?: string) {
  const server = host === 'docker.io' ? 'registry-1.docker.io' : host;
  const scheme = isLoopback(server) ? 'http' : 'https';
  const response = await request(`${scheme}://${server}/v2/${repository}/manifests/${digest ?? tag}`, {
    method: 'HEAD',
    headers: { accept, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    signal,
  });
  await response.body.dump();
  return {
    status: response.statusCode,
    digest: single(response.headers['docker-content-digest']),
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

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return error.message || code || error.name;
}
