import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { binaryOf, portOf } from '../context.ts';
import type { Part, RuntimeContext } from '../types.ts';

/** An image registry on loopback. It keeps blobs on disk, but knows tags only while it runs: `up` pushes the images of the stack again. */
export async function registryPart(context: RuntimeContext): Promise<Part> {
  const directory = join(context.paths.data, 'registry');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const port = portOf(context, 'registry');
  return {
    name: 'registry',
    binary: binaryOf(context, 'crane'),
    args: ['registry', 'serve', `--address=127.0.0.1:${port}`, `--disk=${directory}`],
    ready: { kind: 'http', url: `http://127.0.0.1:${port}/v2/` },
    ports: [port],
    address: `127.0.0.1:${port}`,
  };
}
