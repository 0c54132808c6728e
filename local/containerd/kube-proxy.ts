import { join } from 'node:path';
import { binaryOf } from '../context.ts';
import { writeFileAtomically } from '../process/write.ts';
import type { Part, RuntimeContext } from '../types.ts';
import { insideNode } from './namespaces.ts';
import { type Node, nodeName } from './node.ts';
import { systemPath } from './run.ts';

/** Makes Services work, with rules in the node's own iptables. */
export async function kubeProxyPart(context: RuntimeContext, node: Node): Promise<Part> {
  const kubeconfig = await context.kubeconfigFor('system:kube-proxy', []);
  const config = join(context.paths.config, 'kube-proxy.json');
  await writeFileAtomically(
    config,
    JSON.stringify(
      {
        apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
        kind: 'KubeProxyConfiguration',
        mode: 'iptables',
        clientConnection: { kubeconfig },
        hostnameOverride: nodeName,
        healthzBindAddress: `${node.addresses.node}:10256`,
        metricsBindAddress: '127.0.0.1:10249',
        clusterCIDR: node.addresses.pods,
        detectLocalMode: 'ClusterCIDR',
        nodePortAddresses: ['primary'],
        oomScoreAdj: 0,
        // The size of the table belongs to the machine, and the time-outs are fine as they are.
        conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
        // A change of endpoints is in force after at most this; the default is a second.
        iptables: { minSyncPeriod: '100ms', syncPeriod: '30s', localhostNodePorts: false },
      },
      null,
      2,
    ),
  );
  return {
    name: 'kube-proxy',
    ...insideNode(node, binaryOf(context, 'kube-proxy'), [`--config=${config}`]),
    env: { PATH: systemPath() },
    ready: { kind: 'http', url: `http://${node.addresses.node}:10256/healthz` },
    configFiles: [config, kubeconfig],
  };
}
