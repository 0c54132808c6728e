import { open } from 'node:fs/promises';

/**
 * The last `lines` lines of a log, at most 16 KiB; '' when there is none. Of a Go program that panicked: those from shortly before the panic on,
 * for the reason stands there, and after it the whole stack.
 */
export async function tail(file: string, lines = 10): Promise<string> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return '';
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, 16_384);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    const all = buffer.toString('utf8').trimEnd().split('\n');
    const panic = all.findIndex((line) => line.startsWith('panic: '));
    const from = Math.max(
      0,
      panic < 0 ? all.length - lines : Math.min(panic - Math.min(3, lines - 1), all.length - lines),
    );
    return all.slice(from, from + lines).join('\n');
  } finally {
    await handle.close();
  }
}
