import { readdir } from 'node:fs/promises';
import { SluiceError } from '../workflows/contract/errors.ts';
import { readState } from './state.ts';
import type { StackPaths } from './types.ts';

/**
 * Refuses a directory in which somebody else keeps things under the names that a stack uses: `down --wipe` would delete them.
 * @throws USAGE
 */
export async function checkStateDirectory(paths: StackPaths): Promise<void> {
  if ((await readState(paths)) !== undefined) return;
  for (const directory of [paths.data, paths.logs, paths.run, paths.config, paths.pki]) {
    const entries = await readdir(directory).catch(() => []);
    if (entries.length === 0) continue;
    throw new SluiceError(
      'USAGE',
      `${directory} holds something, and ${paths.root} is not the state directory of a stack.`,
      {
        next: 'Choose a new or empty directory with --state-dir or SLUICE_STATE_DIR.',
      },
    );
  }
}
