import { type ImageReference, parseImage } from './imageReference.ts';
import { askManifest } from './manifest.ts';

/** `digest`: the registry has it. `missing`: it says that it does not. `silent`: it did not say, and why. */
export type Resolved = { readonly digest: string } | { readonly missing: string } | { readonly silent: string };

const defaultTimeoutMs = 5_000;

/**
 * Asks the registry for the digest that `image` stands for, without a login. Never throws: a registry that cannot be
 * asked is no reason not to release.
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
  const { status, digest } = await askManifest(reference, 'HEAD', signal);
  if (status === 404)
    return { missing: `${reference.host} has no ${reference.repository}:${reference.digest ?? reference.tag}` };
  if (status === 401 || status === 403) return { silent: `${reference.host} wants a login` };
  if (status === 429) return { silent: `${reference.host} limits how often it may be asked` };
  if (status !== 200) return { silent: `${reference.host} answered HTTP ${status}` };
  if (reference.digest !== undefined) return { digest: reference.digest };
  return digest === undefined ? { silent: `${reference.host} does not name the digest` } : { digest };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return error.message || code || error.name;
}
