import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { identify } from '../process/identity.ts';
import { until } from '../process/wait.ts';
import type { Node } from './node.ts';

/**
 * The numbers of all processes of the node: those in its mount namespace (programs, shims) and those in its cgroups (containers).
 */
export async function processesOf(node: Node): Promise<number[]> {
  const mounts = await stat(node.pins.mounts).then(
    ({ ino }) => `mnt:[${ino}]`,
    () => undefined,
  );
  const numbers = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const mine = await Promise.all(
    numbers.map(async (pid) => {
      if (mounts !== undefined && (await readlink(`/proc/${pid}/ns/mnt`).catch(() => '')) === mounts) return true;
      const cgroups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
      // Lines of "<hierarchy>:<controllers>:<path>" (cgroups(7)).
      return cgroups.split('\n').some((line) => line.split(':')[2]?.startsWith(`${node.cgroup}/`) === true);
    }),
  );
  const found = numbers.filter((_, index) => mine[index]);
  // Zombies only wait for their parent.
  const alive = await Promise.all(found.map((pid) => identify(pid)));
  return found.filter((_, index) => alive[index] !== undefined);
}

/** Ends them all as a power cut would: containers, and the shims that outlive containerd. @returns the numbers of those that do not go */
export async function killProcesses(node: Node): Promise<readonly number[]> {
  let left: readonly number[] = [];
  // Again and again, because one that is forked between the look and the signal is missed.
  await until(
    async () => {
      left = await processesOf(node);
      for (const pid of left) kill(pid);
      return left.length === 0 ? true : undefined;
    },
    { timeoutMs: 15_000, everyMs: 50 },
  );
  return left;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone between the look and the signal.
  }
}
