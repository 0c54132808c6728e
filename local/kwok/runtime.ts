import { packagePath } from '../asset.ts';
import { binaryOf, portOf } from '../context.ts';
import type { Part, Runtime, RuntimeContext } from '../types.ts';
import { settleNodes } from './nodes.ts';

/** Plays pods instead of running them: thousands on a laptop, with real API objects and no containers. */
export const kwokRuntime: Runtime = {
  name: 'kwok',
  binaries: ['kwok'],
  ports: { kwok: 0 },
  parts: async (context) => [await kwokPart(context)],
  settle: settleNodes,
};

async function kwokPart(context: RuntimeContext): Promise<Part> {
  const kubeconfig = await context.kubeconfigFor('sluice:kwok', ['system:masters']);
  const stages = packagePath('local/assets/kwok-stages.yaml');
  const port = portOf(context, 'kwok');
  return {
    name: 'kwok',
    binary: binaryOf(context, 'kwok'),
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--config=${stages}`,
      // All of them, but for those that shall fall silent.
      '--manage-nodes-with-label-selector=sluice.dev/kwok!=silent',
      // All nodes share one range; the default has 254 addresses.
      '--cidr=10.64.0.1/10',
      '--node-ip=127.0.0.1',
      // At INFO it writes a line for each patch.
      '--v=WARN',
      // With leases, a kwok that is started again waits until those of the one before run out. The nodes' status is their heartbeat.
      '--node-lease-duration-seconds=0',
      `--server-address=127.0.0.1:${port}`,
    ],
    ready: { kind: 'http', url: `http://127.0.0.1:${port}/readyz` },
    ports: [port],
    configFiles: [kubeconfig, stages],
  };
}
