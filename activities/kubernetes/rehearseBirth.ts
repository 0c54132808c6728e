import { SluiceError } from '../../workflows/contract/errors.ts';
import type { Target } from '../../workflows/contract/names.ts';
import { KubernetesFailure } from './kubernetesFailure.ts';
import { pods } from './resources.ts';
import type { Connection } from './types.ts';
import type { Pod, PodTemplate } from './wire.ts';

/**
 * Whether the API server and its admission would take a pod of that template, and know all of its fields (of custom resources it
 * judges none): a dry run. A quota that is full is no
 * refusal: a pod is born when another one has gone.
 * @throws PATCH_REFUSED
 */
export async function rehearseBirth(
  kube: Connection,
  { namespace, name }: Target,
  { metadata, spec }: PodTemplate,
): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, namespace, generateName: `${name}-` }, spec };
  try {
    await kube.create<Pod>(pods, body, { namespace }, { dryRun: true, strict: true });
  } catch (error) {
    if (!(error instanceof KubernetesFailure) || error.retryable) throw error;
    if (error.message.includes('exceeded quota')) return;
    throw new SluiceError('PATCH_REFUSED', `No pod can be born from the new template: ${error.message}`);
  }
}
