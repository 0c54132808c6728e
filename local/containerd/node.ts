import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { StackPaths } from '../types.ts';

/** Name of the Kubernetes node. */
export const nodeName = 'node-1';

/**
 * The node is not the machine itself: it has a network and a mount namespace of its own, which every program of it shares. So the machine's
 * iptables, /var/lib/kubelet and system containerd are left alone, several stacks live side by side, and all that kube-proxy, CNI and kubelet made
 * is gone when the namespaces are.
 */
export interface Node {
  /** Names everything of this stack outside its state directory. */
  readonly id: string;
  /** /run/sluice-<id>: sockets, and what must not survive a boot. */
  readonly directory: string;
  /** Files that keep the namespaces alive, on a file system of their own. */
  readonly pins: { readonly directory: string; readonly network: string; readonly mounts: string };
  /** The machine's end of the cable to the node (at most 15 characters). */
  readonly device: string;
  /** Under this every container's cgroup lies, in each hierarchy. */
  readonly cgroup: string;
  readonly containerdSocket: string;
  readonly addresses: Addresses;
}

/** 10.<block>.0.0/16, which the machine routes to the node. */
interface Addresses {
  readonly all: string;
  /** The machine's end of the cable. */
  readonly machine: string;
  /** The node's InternalIP. */
  readonly node: string;
  readonly pods: string;
  readonly services: string;
}

/** Second byte of the block's address: the n-th of those that may be tried. 10.64.0.0/10 below them is where kwok gives out addresses. */
export const blocks = { first: 160, count: 64 } as const;

/** The node of a state directory on a block of addresses. */
export function makeNode(paths: StackPaths, block: number): Node {
  const id = idOf(paths);
  const directory = `/run/sluice-${id}`;
  const pins = join(directory, 'ns');
  return {
    id,
    directory,
    pins: { directory: pins, network: join(pins, 'net'), mounts: join(pins, 'mnt') },
    device: `sluice-${id}`,
    cgroup: `/sluice-${id}`,
    containerdSocket: join(directory, 'containerd/containerd.sock'),
    addresses: {
      all: `10.${block}.0.0/16`,
      machine: `10.${block}.0.1`,
      node: `10.${block}.0.2`,
      pods: `10.${block}.64.0/18`,
      services: `10.${block}.128.0/17`,
    },
  };
}

/** The first block to try. Stacks start at different ones, so that one that is down finds its block free again. */
export const firstBlock = (paths: StackPaths): number => Number.parseInt(idOf(paths), 16) % blocks.count;

/** Where the block is remembered: Services keep their addresses as long as etcd keeps the Services. */
export const blockFile = (paths: StackPaths): string => join(paths.data, 'address-block');

/** The node that an `up` made; undefined when none ever did. */
export function readNode(paths: StackPaths): Node | undefined {
  try {
    return makeNode(paths, Number(readFileSync(blockFile(paths), 'utf8')));
  } catch {
    return undefined;
  }
}

const idOf = (paths: StackPaths): string =>
  createHash('sha256').update(realpathSync(paths.root)).digest('hex').slice(0, 8);
