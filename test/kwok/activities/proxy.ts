import { once } from 'node:events';
import { createServer, connect as dial, type Socket } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { loadKubeConfig } from '../../../activities/kubernetes/kubeConfig.ts';
import { tied } from '../../support/tied.ts';

/** The API server as seen through a wire that can be cut: every connection ends, new ones are refused until `mend`. */
export interface Wire {
  readonly config: KubeConfig;
  readonly cut: () => Promise<void>;
  readonly mend: () => Promise<void>;
}

export async function wireToCluster(): Promise<Wire> {
  const real = loadKubeConfig();
  const url = new URL(real.getCurrentCluster()?.server ?? '');
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = dial(Number(url.port), url.hostname);
    tied(near, far, open);
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: real.clusters.map((cluster) => ({ ...cluster, server: `https://127.0.0.1:${port}` })),
    users: real.users,
    contexts: real.contexts,
    currentContext: real.currentContext,
  });
  return {
    config,
    cut: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
    mend: async () => {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
  };
}
