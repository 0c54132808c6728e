import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { cacheDirectory } from '../paths.ts';
import { type BinaryName, binary, cacheFileName } from './catalog.ts';

/** Where a program is, and why there. */
export interface Location {
  readonly path: string;
  readonly source: 'explicit' | 'cache';
}

/** The variable that names a program explicitly, like SLUICE_BIN_KUBE_APISERVER. */
export function variableOf(name: BinaryName): string {
  return `SLUICE_BIN_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** Directory of the programs in the cache. */
export function binDirectory(): string {
  return join(cacheDirectory(), 'bin');
}

/**
 * Finds a program without getting it: named explicitly, or in the cache.
 * @throws LOCAL_BINARY_UNAVAILABLE when the explicit name is wrong
 */
export async function locate(name: BinaryName): Promise<Location | undefined> {
  const explicit = process.env[variableOf(name)];
  if (explicit !== undefined && explicit !== '') {
    if (await isExecutable(explicit)) return { path: explicit, source: 'explicit' };
    throw new SluiceError('LOCAL_BINARY_UNAVAILABLE', `${variableOf(name)} names ${explicit}, which is no program.`, {
      next: `Correct ${variableOf(name)}, or unset it and the program is downloaded or built.`,
    });
  }
  const cached = cachePath(name);
  return (await isExecutable(cached)) ? { path: cached, source: 'cache' } : undefined;
}

export function cachePath(name: BinaryName): string {
  return join(binDirectory(), cacheFileName(binary(name)));
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
