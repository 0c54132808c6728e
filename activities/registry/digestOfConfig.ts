import { createHash } from 'node:crypto';
import { decode } from '../kubernetes/decode.ts';
import { type ImageReference, parseImage } from './imageReference.ts';
import { askManifest } from './manifest.ts';

/** The parts of a manifest, or of an index of manifests by platform, that are read here. */
interface Manifest {
  readonly config?: { readonly digest?: string };
  readonly manifests?: readonly { readonly digest: string }[];
}

const timeoutMs = 5_000;

/**
 * The digest under which the registry has `image`, if that is the very image whose config has the digest `config` (what
 * a node calls the ID of an image that it did not pull). Undefined where it is another one, or nobody answers.
 */
export async function digestOfConfig(image: string, config: string, signal: AbortSignal): Promise<string | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const reference = parseImage(image);
    const found = await manifestOf(reference, limit);
    if (found === undefined) return undefined;
    if (found.config?.digest === config) return found.digest;
    for (const { digest } of found.manifests ?? []) {
      const one = await manifestOf({ ...reference, digest }, limit);
      if (one?.config?.digest === config) return found.digest;
    }
    return undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

async function manifestOf(
  reference: ImageReference,
  signal: AbortSignal,
): Promise<(Manifest & { readonly digest: string }) | undefined> {
  const { status, body } = await askManifest(reference, 'GET', signal);
  if (status !== 200) return undefined;
  // Computed, not believed: it says which bytes the config was read from.
  return { ...decode<Manifest>(body), digest: `sha256:${createHash('sha256').update(body).digest('hex')}` };
}
