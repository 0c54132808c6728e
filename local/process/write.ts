import { open, rename, rm } from 'node:fs/promises';

/**
 * Writes a file so that a reader sees the old content or the new, never half of it, whenever the writer dies.
 * @param mode permission bits; private by default, since most of what the stack writes is
 */
export async function writeFileAtomically(file: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = `${file}.${process.pid}-${ticket++}.tmp`;
  const handle = await open(temporary, 'w', mode);
  try {
    await handle.writeFile(content);
    await handle.close();
    await rename(temporary, file);
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

let ticket = 0;
