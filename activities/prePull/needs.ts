import { pinned } from '../../workflows/contract/imageName.ts';
import type { Images, PrePullFindings } from '../../workflows/contract/observation.ts';
import type { Node, PodTemplate } from '../kubernetes/wire.ts';
import { isNodeReady } from '../observe/observedPod.ts';
import { normalImage } from '../registry/imageReference.ts';

/**
 * For each node that is ready: those of `images`, as written and with their digest, that need no pull there, because
 * the node lists them, or because their container's policy is never to pull. A tag whose policy is Always is pulled in
 * any case: it may have moved. A node that is not ready pulls nothing, and is left out.
 */
export function pullNeeds(
  nodes: readonly Node[],
  { spec }: PodTemplate,
  images: Images,
  digests: Readonly<Record<string, string>>,
): PrePullFindings['nodes'] {
  const policies = new Map(spec?.containers.map(({ name, imagePullPolicy }) => [name, imagePullPolicy]));
  const asked = Object.entries(images).flatMap(([container, written]) => {
    const policy = policies.get(container) ?? 'IfNotPresent';
    return [...new Set([written, pinned(written, digests[container])])].map((image) => ({ image, policy }));
  });
  return Object.fromEntries(
    nodes.filter(isNodeReady).map(({ metadata, status }) => {
      const listed = new Set(status?.images?.flatMap(({ names = [] }) => names.map(normalImage)));
      const there = asked.filter(({ image, policy }) => {
        if (policy === 'Never') return true;
        return (policy !== 'Always' || image.includes('@')) && listed.has(normalImage(image));
      });
      return [metadata.name, there.map(({ image }) => image)];
    }),
  );
}
