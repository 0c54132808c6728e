import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../process/write.ts';
import type { StackPaths } from '../types.ts';

/** What kubelet sets for the whole machine when it starts (its setupKernelTunables), and to what. */
const settings: Readonly<Record<string, string>> = {
  'vm/overcommit_memory': '1',
  'vm/panic_on_oom': '0',
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'kernel/keys/root_maxkeys': '1000000',
  'kernel/keys/root_maxbytes': '25000000',
};

/** Writes down how the machine's kernel is set, once, before kubelet changes it. */
export async function rememberKernelSettings(paths: StackPaths): Promise<void> {
  const known = await readFile(fileOf(paths)).then(
    () => true,
    () => false,
  );
  if (known) return;
  const values = await Promise.all(
    Object.keys(settings).map(async (name) => [name, (await readFile(join('/proc/sys', name), 'utf8')).trim()]),
  );
  await writeFileAtomically(fileOf(paths), JSON.stringify(Object.fromEntries(values)));
}

/** Sets the kernel as it was. What somebody else has changed since stays. */
export async function restoreKernelSettings(paths: StackPaths): Promise<void> {
  const text = await readFile(fileOf(paths), 'utf8').catch(() => undefined);
  if (text === undefined) return;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written above, atomically
  const before = JSON.parse(text) as Record<string, string>;
  for (const [name, value] of Object.entries(before)) {
    const file = join('/proc/sys', name);
    const now = (await readFile(file, 'utf8')).trim();
    if (now === settings[name] && now !== value) await writeFile(file, value);
  }
  await rm(fileOf(paths), { force: true });
}

const fileOf = (paths: StackPaths): string => join(paths.data, 'kernel-settings.json');
