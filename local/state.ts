import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from './process/write.ts';
import type { RuntimeName, StackPaths } from './types.ts';

/** What a stack remembers between `up`s. Its presence marks a directory as ours. */
export interface StackState {
  readonly version: 1;
  readonly runtime: RuntimeName;
  readonly nodes: number;
  readonly ports: Readonly<Record<string, number>>;
  /** Whether an `up` has started every part since the last `down`. While not, parts that run are not all there should be. */
  readonly complete?: boolean;
}

export async function readState(paths: StackPaths): Promise<StackState | undefined> {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only writeState writes this file, atomically
    return JSON.parse(await readFile(stateFile(paths), 'utf8')) as StackState;
  } catch {
    return undefined;
  }
}

export async function writeState(paths: StackPaths, state: StackState): Promise<void> {
  await writeFileAtomically(stateFile(paths), JSON.stringify(state, null, 2));
}

export function stateFile(paths: StackPaths): string {
  return join(paths.root, 'stack.json');
}
