import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { writeFileAtomically } from '../process/write.ts';
import type { StackPaths } from '../types.ts';
import { blockFile, blocks, firstBlock, makeNode, type Node, readNode } from './node.ts';
import { run } from './run.ts';

/**
 * Lays the cable from the machine to the node's network namespace and gives both ends their addresses. The block of addresses is the one the stack
 * had before, else one that no route of the machine covers. Keeps what is there already.
 * @param open called with the node before the cable is laid: makes its namespaces
 * @throws LOCAL_UNSUPPORTED when the block is taken that the stack's Services have addresses of, or all are
 */
export async function connectNode(paths: StackPaths, open: (node: Node) => Promise<void>): Promise<Node> {
  const remembered = readNode(paths);
  if (remembered !== undefined && existsSync(join(paths.data, 'etcd'))) {
    await open(remembered);
    if (await layCable(remembered)) return remembered;
    throw new SluiceError(
      'LOCAL_UNSUPPORTED',
      `The addresses of this stack, ${remembered.addresses.all}, are in use by another network of this machine.`,
      { next: 'Take the other network down (`ip route` shows it), or forget this stack with `sluice down --wipe`.' },
    );
  }
  for (let tried = 0; tried < blocks.count; tried += 1) {
    const block = blocks.first + ((firstBlock(paths) + tried) % blocks.count);
    const node = makeNode(paths, block);
    // Written first, so that `down` finds what an interrupted `up` has made.
    await writeFileAtomically(blockFile(paths), String(block));
    await open(node);
    if (await layCable(node)) return node;
  }
  throw new SluiceError('LOCAL_UNSUPPORTED', 'The machine has routes for all addresses that the stack could use.', {
    next: `Free one of 10.${blocks.first}.0.0/16 … 10.${blocks.first + blocks.count - 1}.0.0/16; \`ip route\` shows who has them.`,
  });
}

/** @returns false when somebody else has addresses of the block */
async function layCable(node: Node): Promise<boolean> {
  const { device, addresses, pins } = node;
  const routes = await listRoutes();
  const ours = routes.filter((route) => route.device === device);
  if (ours.some(({ destination }) => destination === addresses.all)) return true;
  const second = addresses.all.split('.')[1];
  if (routes.some((route) => route.device !== device && covers(route.destination, Number(second)))) return false;
  await run('sh', ['-ec', cable, 'sh', device, pins.network, addresses.machine, addresses.node]);
  await run('nsenter', [
    `--net=${pins.network}`,
    'sh',
    '-ec',
    nodeRoutes,
    'sh',
    addresses.node,
    addresses.machine,
    addresses.all,
    addresses.services,
  ]);
  try {
    // Last, and without "replace": who has the route has the block.
    await run('ip', ['route', 'add', addresses.all, 'via', addresses.node, 'dev', device]);
    return true;
  } catch (error) {
    if (!(error instanceof SluiceError && error.message.includes('File exists'))) throw error;
    await run('ip', ['link', 'delete', 'dev', device]);
    return false;
  }
}

/** $1 device, $2 network namespace, $3 the machine's address, $4 the node's */
const cable = `
ip link show dev "$1" >/dev/null 2>&1 || ip link add dev "$1" type veth peer name eth0 netns "$2"
ip addr replace "$3/24" dev "$1"
ip link set dev "$1" up
`;

/**
 * $1 the node's address, $2 the machine's, $3 the block, $4 addresses of Services. What the block has no use for is refused instead of sent back to
 * the machine, round and round. Services need a route: the node's own packets are looked up before kube-proxy's rules see them.
 */
const nodeRoutes = `
ip addr replace "$1/24" dev eth0
ip link set dev lo up
ip link set dev eth0 up
ip route replace default via "$2"
ip route replace unreachable "$3"
ip route replace "$4" dev eth0
`;

async function listRoutes(): Promise<{ destination: string; device: string | undefined }[]> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the documented output of iproute2
  const routes = JSON.parse(await run('ip', ['-json', '-4', 'route', 'show'])) as { dst: string; dev?: string }[];
  return routes.map(({ dst, dev }) => ({ destination: dst, device: dev }));
}

/** Whether a route other than the default one has addresses of 10.<second>.0.0/16, or the other way round. */
function covers(destination: string, second: number): boolean {
  const [address = '', length = '32'] = destination.split('/');
  if (destination === 'default' || length === '0') return false;
  const bits = Math.min(16, Number(length));
  const high = (text: string): number => {
    const [a = 0, b = 0] = text.split('.').map(Number);
    return (a * 256 + b) >>> (16 - bits);
  };
  return high(address) === high(`10.${second}.0.0`);
}
