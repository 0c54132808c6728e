import type { Images, ObservedPod } from '../../workflows/contract/observation.ts';
import { digestOfConfig } from '../registry/digestOfConfig.ts';

/**
 * Of `images` those that a node knows only by an ID of its own (it was loaded there, not pulled): digests by that ID,
 * where the registry has the very same image.
 */
export async function ownImages(
  pods: readonly ObservedPod[],
  images: Images,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  await Promise.all(
    Object.entries(images).map(async ([container, image]) => {
      const ids = new Set(pods.map(({ imageIDs }) => imageIDs[container] ?? ''));
      for (const id of ids) {
        const [config] = /sha256:[0-9a-f]{64}$/.exec(id) ?? [];
        if (config === undefined || id.includes('@') || image.includes('@')) continue;
        const digest = await digestOfConfig(image, config, signal);
        if (digest !== undefined) found[id] = digest;
      }
    }),
  );
  return found;
}
