import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { StackPaths } from './types.ts';

/** The option, SLUICE_STATE_DIR, $XDG_STATE_HOME/sluice or ~/.local/state/sluice, in this order. */
export function stateDirectory(option?: string): string {
  const { SLUICE_STATE_DIR, XDG_STATE_HOME } = process.env;
  return resolve(
    option ?? nonEmpty(SLUICE_STATE_DIR) ?? join(nonEmpty(XDG_STATE_HOME) ?? join(homedir(), '.local/state'), 'sluice'),
  );
}

/** $XDG_CACHE_HOME/sluice or ~/.cache/sluice: programs, which all stacks share. */
export function cacheDirectory(): string {
  return join(nonEmpty(process.env['XDG_CACHE_HOME']) ?? join(homedir(), '.cache'), 'sluice');
}

/** Where things lie in a state directory. Creates nothing. */
export function pathsOf(root: string): StackPaths {
  return {
    root,
    logs: join(root, 'logs'),
    run: join(root, 'run'),
    pki: join(root, 'pki'),
    data: join(root, 'data'),
    config: join(root, 'config'),
    kubeconfig: join(root, 'kubeconfig'),
  };
}

/** Makes the directories, private to the user. */
export async function makeDirectories(paths: StackPaths): Promise<void> {
  for (const directory of [paths.root, paths.logs, paths.run, paths.pki, paths.data, paths.config]) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  }
}

/** Empty variables count as unset (XDG Base Directory Specification). */
function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}
