import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * Who listens on a TCP port, as "<program> (process <number>)"; undefined when it cannot be found: another user's process, or not Linux.
 */
export async function portHolder(port: number): Promise<string | undefined> {
  const inodes = new Set(await listeningInodes(port));
  if (inodes.size === 0) return undefined;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const file of files) {
      const target = await readlink(`/proc/${pid}/fd/${file}`).catch(() => '');
      if (!inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '')) continue;
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      return `${name.trim()} (process ${pid})`;
    }
  }
  return undefined;
}

/** Lines of /proc/net/tcp: slot, local address:port in hex, remote, state (0A: listening), …, inode in the tenth column (proc(5)). */
async function listeningInodes(port: number): Promise<string[]> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => '')),
  );
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === '0A' && local?.endsWith(suffix) === true)
    .flatMap((columns) => (columns[9] === undefined ? [] : [columns[9]]));
}
