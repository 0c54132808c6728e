import { SluiceError } from '../../workflows/contract/errors.ts';
import { portOf } from '../context.ts';
import { until } from '../process/wait.ts';
import type { RuntimeContext } from '../types.ts';
import { type Node, nodeName } from './node.ts';

/**
 * Waits until the node is Ready and lets pods find the API server.
 * @throws LOCAL_PART_DIED when that takes longer than a minute
 */
export async function settleNode(context: RuntimeContext, node: Node): Promise<void> {
  await publishApiServer(context, node);
  let complaint = 'it has not registered yet';
  const ready = await until(
    async () => {
      const { status, body } = await context.kubernetes('GET', `/api/v1/nodes/${nodeName}`);
      if (status !== 200) return undefined;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the Kubernetes API says what a Node is
      const { conditions = [] } = (body as NodeObject).status ?? {};
      const condition = conditions.find(({ type }) => type === 'Ready');
      complaint = condition?.message ?? complaint;
      return condition?.status === 'True' ? true : undefined;
    },
    { timeoutMs: 60_000, everyMs: 100, signal: context.signal },
  );
  if (ready !== undefined) return;
  throw new SluiceError('LOCAL_PART_DIED', `The node did not become Ready in 60 s: ${complaint}`, {
    next: `Read ${context.paths.logs}/kubelet.log; then \`sluice up\` again.`,
  });
}

interface NodeObject {
  readonly status?: { readonly conditions?: readonly { type: string; status: string; message?: string }[] };
}

/** The API server listens on loopback only, which cannot be an endpoint; the relay has it on the node's address. */
async function publishApiServer(context: RuntimeContext, node: Node): Promise<void> {
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'kubernetes', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    ports: [{ name: 'https', protocol: 'TCP', port: portOf(context, 'kubernetes') }],
    endpoints: [{ addresses: [node.addresses.node], conditions: { ready: true } }],
  };
  const path = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes?fieldManager=sluice&force=true';
  const { status } = await context.kubernetes('PATCH', path, slice, 'application/apply-patch+yaml');
  if (status >= 300) {
    throw new SluiceError('LOCAL_PART_DIED', `The API server refuses the endpoint of kubernetes: HTTP ${status}.`);
  }
}
