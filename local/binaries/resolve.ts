import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from '../paths.ts';
import { type BinaryName, binary, cacheFileName } from './catalog.ts';
export async function resolveBinaries(
  names: readonly BinaryName[],
  _o: unknown,
): Promise<Partial<Record<BinaryName, string>>> {
  const r: Partial<Record<BinaryName, string>> = {};
  for (const n of names) {
    const f = join(cacheDirectory(), 'bin', cacheFileName(binary(n)));
    await access(f);
    r[n] = f;
  }
  return r;
}
