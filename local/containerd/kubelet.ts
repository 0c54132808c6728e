import { join } from 'node:path';
import { binaryOf } from '../context.ts';
import { writeFileAtomically } from '../process/write.ts';
import type { Part, RuntimeContext } from '../types.ts';
import { insideNode } from './namespaces.ts';
import { type Node, nodeName } from './node.ts';
import { systemPath } from './run.ts';

/** The label by which the fleets tell their nodes apart. */
const fleetLabel = 'sluice.dev/fleet';

/** A real kubelet. Its node is in zone a. */
export async function kubeletPart(context: RuntimeContext, node: Node): Promise<Part> {
  const kubeconfig = await context.kubeconfigFor(`system:node:${nodeName}`, ['system:nodes']);
  const serving = await context.servingCertificate('kubelet', [nodeName, node.addresses.node]);
  const config = join(context.paths.config, 'kubelet.json');
  const labels = {
    [fleetLabel]: 'containerd',
    'topology.kubernetes.io/region': 'local',
    'topology.kubernetes.io/zone': 'a',
  };
  await writeFileAtomically(
    config,
    JSON.stringify(
      {
        apiVersion: 'kubelet.config.k8s.io/v1beta1',
        kind: 'KubeletConfiguration',
        address: node.addresses.node,
        healthzBindAddress: node.addresses.node,
        tlsCertFile: serving.certFile,
        tlsPrivateKeyFile: serving.keyFile,
        authentication: {
          x509: { clientCAFile: serving.caFile },
          anonymous: { enabled: false },
          webhook: { enabled: true },
        },
        authorization: { mode: 'Webhook' },
        containerRuntimeEndpoint: `unix://${node.containerdSocket}`,
        cgroupDriver: 'cgroupfs',
        cgroupRoot: node.cgroup,
        failSwapOn: false,
        // Lowering it needs CAP_SYS_RESOURCE.
        oomScoreAdj: 0,
        // A laptop with a full disk still has to run twelve small pods.
        evictionHard: {
          'memory.available': '0%',
          'nodefs.available': '0%',
          'nodefs.inodesFree': '0%',
          'imagefs.available': '0%',
        },
        imageGCHighThresholdPercent: 100,
        maxPods: 250,
        serializeImagePulls: false,
        registryPullQPS: 0,
        eventRecordQPS: 0,
        kubeAPIQPS: 200,
        kubeAPIBurst: 400,
        volumePluginDir: join(context.paths.data, 'node/volume-plugins'),
      },
      null,
      2,
    ),
  );
  return {
    name: 'kubelet',
    ...insideNode(node, binaryOf(context, 'kubelet'), [
      `--config=${config}`,
      `--kubeconfig=${kubeconfig}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${node.addresses.node}`,
      `--node-labels=${Object.entries(labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(',')}`,
    ]),
    env: { PATH: systemPath() },
    ready: { kind: 'http', url: `http://${node.addresses.node}:10248/healthz` },
    configFiles: [config, kubeconfig, serving.certFile],
    address: `https://${node.addresses.node}:10250`,
  };
}
