import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../../workflows/contract/errors.ts';
import type { Runtime, RuntimeContext, StackPaths } from '../types.ts';
import { connectNode } from './addresses.ts';
import { makeCgroups, removeCgroups } from './cgroups.ts';
import { containerdPart } from './containerd.ts';
import { pushImages } from './images.ts';
import { rememberKernelSettings, restoreKernelSettings } from './kernel-settings.ts';
import { kubeProxyPart } from './kube-proxy.ts';
import { kubeletPart } from './kubelet.ts';
import { closeNamespaces, openNamespaces } from './namespaces.ts';
import { type Node, readNode } from './node.ts';
import { killProcesses } from './processes.ts';
import { registryPart } from './registry.ts';
import { relayParts } from './relay.ts';
import { requireSystem } from './requirements.ts';
import { settleNode } from './settle.ts';

/** Runs pods in real containers: a kubelet with a containerd, a CNI bridge, kube-proxy and an image registry of the stack's own. */
export const containerdRuntime: Runtime = {
  name: 'containerd',
  nodes: { fallback: 1, most: 1 },
  binaries: ['kubelet', 'kube-proxy', 'crane', 'sample'],
  ports: { registry: 0 },
  async check() {
    await requireSystem();
  },
  apiServerFlags: ({ paths }) => ({
    'service-cluster-ip-range': nodeOf(paths).addresses.services,
    'kubelet-certificate-authority': join(paths.pki, 'ca.crt'),
  }),
  async prepare({ paths }) {
    await rememberKernelSettings(paths);
    const node = await connectNode(paths, async (candidate) => {
      await mkdir(candidate.directory, { recursive: true, mode: 0o700 });
      await openNamespaces(candidate, paths);
    });
    await makeCgroups(node);
  },
  async parts(context) {
    const node = nodeOf(context.paths);
    const system = await requireSystem();
    return [
      await registryPart(context),
      ...relayParts(context, node),
      await containerdPart(context, node, system),
      await kubeletPart(context, node),
      await kubeProxyPart(context, node),
    ];
  },
  async settle(context: RuntimeContext) {
    const system = await requireSystem();
    await Promise.all([
      pushImages(context, system['busybox (static)'] ?? ''),
      settleNode(context, nodeOf(context.paths)),
    ]);
  },
  async afterStop({ paths }) {
    const node = readNode(paths);
    if (node === undefined) return;
    const left = await killProcesses(node);
    if (left.length > 0) {
      throw new SluiceError('LOCAL_PART_DIED', `Processes of the node do not end: ${left.join(', ')}.`, {
        next: 'Look at them with `ps`; one in state D waits for the kernel. Then `sluice down` again.',
        details: { pids: left },
      });
    }
    await closeNamespaces(node);
    await removeCgroups(node);
    await restoreKernelSettings(paths);
    await rm(node.directory, { recursive: true, force: true });
  },
};

function nodeOf(paths: StackPaths): Node {
  const node = readNode(paths);
  if (node === undefined) throw new TypeError('the node was not prepared');
  return node;
}
