import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { portOf } from '../context.ts';
import { writeFileAtomically } from '../process/write.ts';
import type { Part, RuntimeContext } from '../types.ts';
import { pauseImage } from './images.ts';
import { insideNode } from './namespaces.ts';
import type { Node } from './node.ts';
import { systemPath } from './run.ts';

/**
 * A containerd of the stack's own, with the CNI bridge that gives pods their addresses. Its images and containers survive `down`; what of them was
 * running does not.
 * @param system where programs of the system are, from requireSystem
 */
export async function containerdPart(
  context: RuntimeContext,
  node: Node,
  system: Readonly<Record<string, string>>,
): Promise<Part> {
  const { paths } = context;
  const cni = join(paths.config, 'cni');
  const config = join(paths.config, 'containerd.toml');
  const network = join(cni, '10-bridge.conflist');
  await mkdir(cni, { recursive: true, mode: 0o700 });
  await writeFileAtomically(network, JSON.stringify(bridge(node), null, 2));
  await writeFileAtomically(
    config,
    toml(node, {
      root: join(paths.data, 'node/containerd'),
      pause: pauseImage(portOf(context, 'registry')),
      plugins: dirname(system['CNI plug-ins'] ?? ''),
      cni,
    }),
  );
  return {
    name: 'containerd',
    ...insideNode(node, system['containerd'] ?? '', ['--config', config]),
    env: { PATH: systemPath() },
    ready: { kind: 'unix', path: node.containerdSocket },
    configFiles: [config],
    address: `unix://${node.containerdSocket}`,
  };
}

/** Where JSON strings are written, TOML has the same syntax for them. */
function toml(node: Node, { root, pause, plugins, cni }: Record<'root' | 'pause' | 'plugins' | 'cni', string>): string {
  const text = (value: string) => JSON.stringify(value);
  return `version = 2
root = ${text(root)}
state = ${text('/run/containerd')}
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing",
]

[grpc]
address = ${text(node.containerdSocket)}

[plugins."io.containerd.internal.v1.opt"]
path = ${text(join(root, 'opt'))}

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = ${text(pause)}
# Lowering a container's score needs CAP_SYS_RESOURCE, which root lacks on some machines; runc dies without a reason then.
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = ${text(plugins)}
conf_dir = ${text(cni)}

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
`;
}

/** What pods are plugged into. Addresses are given out anew after each `down`, as their holders are gone. */
function bridge(node: Node) {
  return {
    cniVersion: '0.4.0',
    name: 'sluice',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        // A pod may be given itself by its own Service.
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: node.addresses.pods }]],
          routes: [{ dst: '0.0.0.0/0' }],
          dataDir: join(node.directory, 'addresses'),
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}
