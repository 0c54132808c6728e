import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { identify } from './identity.ts';
import { until } from './wait.ts';

/**
 * Runs `work` while holding a lock file. A lock whose holder is dead is taken over, so a killed command blocks nobody.
 * @param onWait told once, with the holder's process number, when somebody else has it
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  { onWait, signal }: { onWait?: (holder: number) => void; signal?: AbortSignal | undefined } = {},
): Promise<T> {
  const own = `${file}.${process.pid}.${ticket++}`;
  await writeFile(own, `${process.pid} ${(await identify(process.pid)) ?? ''}`, { mode: 0o600 });
  let told = false;
  try {
    await until(
      async () => {
        const holder = await acquire(own, file);
        if (holder === undefined) return true;
        if (!told) onWait?.(holder);
        told = true;
        return undefined;
      },
      { timeoutMs: Number.POSITIVE_INFINITY, everyMs: 100, signal },
    );
    try {
      await clearTickets(file);
      return await work();
    } finally {
      await rm(file, { force: true });
    }
  } finally {
    await rm(own, { force: true });
  }
}

let ticket = 0;

/** @returns undefined when the lock is ours now, else the process number of its holder */
async function acquire(own: string, file: string): Promise<number | undefined> {
  for (;;) {
    try {
      // A link is made whole or not at all, unlike a file that is created and then written.
      await link(own, file);
      return undefined;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const holder = await readFile(file, 'utf8').catch(() => undefined);
    // Given back in between.
    if (holder === undefined) continue;
    if (await lives(holder)) return Number.parseInt(holder, 10);
    await removeDead(file, holder, own);
  }
}

/** @param claim "<process number> <identity>" */
async function lives(claim: string): Promise<boolean> {
  const [pid = '', identity = ''] = claim.split(/ (.*)/s);
  return (await identify(Number(pid))) === identity;
}

/** Removes what commands left that were killed while they waited or worked. */
async function clearTickets(file: string): Promise<void> {
  const directory = dirname(file);
  for (const name of await readdir(directory)) {
    if (!name.startsWith(`${basename(file)}.`)) continue;
    const path = join(directory, name);
    const content = await readFile(path, 'utf8').catch(() => undefined);
    // An empty one is just being written.
    if (content !== undefined && content !== '' && !(await lives(content))) await rm(path, { force: true });
  }
}

/** Two may see the same dead holder: the second must not remove the lock that the first has just taken. */
async function removeDead(file: string, holder: string, own: string): Promise<void> {
  const aside = `${own}.stale`;
  await rename(file, aside).catch(() => undefined);
  const moved = await readFile(aside, 'utf8').catch(() => holder);
  if (moved !== holder) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}
