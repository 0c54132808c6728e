import { KubeConfig } from '@kubernetes/client-node';
import { SluiceError } from '../../workflows/contract/errors.ts';

/** Which cluster. Nothing given: KUBECONFIG, then ~/.kube/config, then the service account of the pod. */
export interface KubeConfigOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** Reads the kubeconfig; does not call the server yet. Throws CLUSTER_UNREACHABLE with what is wrong in it. */
export function loadKubeConfig(options: KubeConfigOptions = {}): KubeConfig {
  const config = new KubeConfig();
  try {
    if (options.kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(options.kubeconfig);
  } catch (error) {
    throw new SluiceError(
      'CLUSTER_UNREACHABLE',
      `The kubeconfig cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  if (options.context !== undefined) {
    const there = config.getContexts().map(({ name }) => name);
    if (!there.includes(options.context)) {
      throw new SluiceError(
        'CLUSTER_UNREACHABLE',
        `The kubeconfig has no context "${options.context}"; it has: ${there.join(', ') || 'none'}.`,
      );
    }
    config.setCurrentContext(options.context);
  }
  return config;
}
