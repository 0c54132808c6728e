import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StackPaths } from '../types.ts';
import type { Node } from './node.ts';
import { run } from './run.ts';

/**
 * Makes the node's network and mount namespace, or keeps them. They live until {@link closeNamespaces}, whatever dies in between.
 * @throws LOCAL_UNSUPPORTED when the kernel refuses
 */
export async function openNamespaces(node: Node, paths: StackPaths): Promise<void> {
  if (await isOpen(node)) return;
  await closeNamespaces(node);
  const binds = bindsOf(node, paths);
  for (const { source } of binds) await mkdir(source, { recursive: true, mode: 0o700 });
  await run('sh', ['-ec', pin, 'sh', node.pins.directory]);
  await run('nsenter', [
    `--net=${node.pins.network}`,
    `--mount=${node.pins.mounts}`,
    'sh',
    '-ec',
    furnish,
    'sh',
    ...binds.flatMap(({ source, target }) => [source, target]),
  ]);
  await run('sh', ['-c', 'touch "$1"', 'sh', doneFile(node)]);
}

/** Lets the namespaces go, and with the last process in them everything mounted and configured there. */
export async function closeNamespaces(node: Node): Promise<void> {
  // Mounted more than once only if two commands ever raced; lazily, since dying processes may still look.
  while (await isMounted(node)) await run('umount', ['--lazy', node.pins.directory]);
  await rm(node.pins.directory, { recursive: true, force: true });
}

/** The program and arguments that run a program inside the node. nsenter becomes the program: same process, same number. */
export function insideNode(
  node: Node,
  binary: string,
  args: readonly string[],
): { binary: string; args: readonly string[] } {
  return {
    binary: '/usr/bin/nsenter',
    args: [`--net=${node.pins.network}`, `--mount=${node.pins.mounts}`, '--', binary, ...args],
  };
}

/** A mount namespace can only be pinned where mounts do not propagate. */
const pin = `
mkdir -p "$1"
mount -t tmpfs -o mode=0700 sluice "$1"
mount --make-private "$1"
touch "$1/net" "$1/mnt"
unshare --net="$1/net" --mount="$1/mnt" --propagation private true
`;

/**
 * Inside: source and target in pairs. Each is a peer group of its own: what kubelet and containerd mount there reaches containers that ask for it,
 * and appears once.
 */
const furnish = `
mount --make-rshared /
while [ $# -gt 0 ]; do
  mkdir -p "$2"
  mount --bind "$1" "$2"
  mount --make-private "$2"
  mount --make-shared "$2"
  shift 2
done
echo 1 > /proc/sys/net/ipv4/ip_forward
`;

/** Places that programs of the node have compiled in, and what stands for them. */
function bindsOf(node: Node, paths: StackPaths): { source: string; target: string }[] {
  const data = (name: string) => join(paths.data, 'node', name);
  return [
    { source: data('kubelet'), target: '/var/lib/kubelet' },
    { source: data('pod-logs'), target: '/var/log/pods' },
    { source: data('container-logs'), target: '/var/log/containers' },
    { source: join(node.directory, 'containerd'), target: '/run/containerd' },
    { source: join(node.directory, 'cni'), target: '/var/lib/cni' },
  ];
}

const doneFile = (node: Node): string => join(node.pins.directory, 'furnished');

async function isOpen(node: Node): Promise<boolean> {
  return readFile(doneFile(node)).then(
    () => true,
    () => false,
  );
}

async function isMounted(node: Node): Promise<boolean> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  return mounts.split('\n').some((line) => line.split(' ')[4] === node.pins.directory);
}
