import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { makeDirectories, pathsOf } from '../../../local/paths.ts';
import { choosePorts } from '../../../local/ports.ts';
import { readRecords } from '../../../local/process/record.ts';
import { stopPart } from '../../../local/process/stop.ts';
import type { Part, StackPaths } from '../../../local/types.ts';
import { temporaryDirectory } from './environment.ts';

/** A state directory whose parts are stopped when the test ends. */
export async function stateDirectory(): Promise<StackPaths> {
  const paths = pathsOf(await temporaryDirectory());
  await makeDirectories(paths);
  onTestFinished(async () => {
    for (const record of await readRecords(paths.run)) await stopPart(record, paths.run);
  });
  return paths;
}

/** A part that answers HTTP on a port of its own, running this JavaScript first. */
export async function serverPart(
  paths: StackPaths,
  name: string,
  before = '',
  more: Partial<Part> = {},
): Promise<Part> {
  const { port = 0 } = await choosePorts({ wanted: { port: 0 } });
  const file = join(paths.config, `${name}.cjs`);
  await writeFile(file, `${before}require('http').createServer((q, r) => r.end('ok')).listen(${port}, '127.0.0.1');`);
  return {
    name,
    binary: process.execPath,
    args: [file],
    ready: { kind: 'http', url: `http://127.0.0.1:${port}/` },
    ports: [port],
    startTimeoutMs: 20_000,
    ...more,
  };
}
