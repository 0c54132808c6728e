import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { packagePath } from '../asset.ts';
import { portOf } from '../context.ts';
import type { Part, RuntimeContext } from '../types.ts';
import { insideNode } from './namespaces.ts';
import type { Node } from './node.ts';

/** Ports of the machine's loopback that the node has on its own loopback, and its pods on the node's address, under the same numbers. */
const carried = ['kubernetes', 'registry', 'temporal'] as const;

/**
 * The two ends of the way out of the node. The node has no route to the machine's loopback and the stack listens nowhere else; unix sockets know no
 * network namespaces, and no firewall.
 */
export function relayParts(context: RuntimeContext, node: Node): readonly Part[] {
  const directory = join(node.directory, 'relay');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const script = packagePath('local/assets/relay.mjs');
  const socket = (name: string) => join(directory, `${name}.sock`);
  const outside = carried.map((name) => `${socket(name)}=127.0.0.1:${portOf(context, name)}`);
  const inside = carried.map((name) => `0.0.0.0:${portOf(context, name)}=${socket(name)}`);
  return [
    {
      name: 'relay',
      binary: process.execPath,
      args: [script, ...outside],
      ready: { kind: 'unix', path: socket(carried[carried.length - 1] ?? '') },
      configFiles: [script],
    },
    {
      name: 'relay-node',
      ...insideNode(node, process.execPath, [script, ...inside]),
      ready: { kind: 'tcp', host: node.addresses.node, port: portOf(context, 'kubernetes') },
      configFiles: [script],
    },
  ];
}
