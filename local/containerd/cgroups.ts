import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../process/wait.ts';
import type { Node } from './node.ts';

/** What kubelet insists on. */
const controllers = ['cpu', 'cpuset', 'memory', 'pids', 'io'];

/**
 * Makes the cgroup under which kubelet puts all pods, in every hierarchy. A kubelet kills what it finds under its cgroup and does not know: without
 * one of its own, two of them on a machine would kill each other's pods.
 */
export async function makeCgroups(node: Node): Promise<void> {
  for (const { root, unified } of await hierarchies()) {
    await mkdir(join(root, node.cgroup), { recursive: true });
    if (!unified) continue;
    // What is not offered there cannot be handed down; kubelet says which it misses.
    for (const controller of controllers) {
      await writeFile(join(root, 'cgroup.subtree_control'), `+${controller}`).catch(() => undefined);
    }
  }
}

/** Removes them. They must be empty of processes. */
export async function removeCgroups(node: Node): Promise<void> {
  for (const { root } of await hierarchies()) {
    // A killed process counts until its parent has noticed.
    await until(async () => ((await removeTree(join(root, node.cgroup))) ? true : undefined), { timeoutMs: 10_000 });
  }
}

/** Removes a cgroup and those below it: directories whose files go with them. @returns whether it is gone */
async function removeTree(directory: string): Promise<boolean> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isDirectory()) await removeTree(join(directory, entry.name));
  }
  return rmdir(directory).then(
    () => true,
    (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ENOENT',
  );
}

/** All mounted hierarchies: one per controller (v1), the unified one (v2), or both. */
async function hierarchies(): Promise<{ root: string; unified: boolean }[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).trimEnd().split('\n');
  // Fields before " - " are fixed up to the mount point (the fifth); the type of the file system follows it (proc(5)).
  return lines.flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const root = before.split(' ')[4];
    const type = after.split(' ')[0];
    return root !== undefined && (type === 'cgroup' || type === 'cgroup2')
      ? [{ root, unified: type === 'cgroup2' }]
      : [];
  });
}
