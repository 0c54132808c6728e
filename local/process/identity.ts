import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * What tells a process from a later one with the same number: an opaque text made of boot and start time, or undefined when there is no
 * such process (a zombie counts as gone: it only waits for its parent).
 */
export async function identify(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? identifyByProc(pid) : identifyByPs(pid);
}

async function identifyByProc(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name stands in brackets and may hold anything, brackets too; the fields after it start with the state (proc(5), field 3).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    const startTime = fields[22 - 3];
    if (startTime === undefined || state === 'Z' || state === 'X') return undefined;
    return `${await bootId()}/${startTime}`;
  } catch {
    return undefined;
  }
}

let boot: Promise<string> | undefined;

/** Start times count from the boot, so after another boot the same pair could come again. */
function bootId(): Promise<string> {
  boot ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => 'unknown',
  );
  return boot;
}

async function identifyByPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'state=,lstart=', '-p', String(pid)]);
    const [state, ...started] = stdout.trim().split(/\s+/);
    return state === undefined || state.startsWith('Z') || started.length === 0 ? undefined : started.join(' ');
  } catch {
    return undefined;
  }
}

/** The command line of a process, its arguments joined by NUL as in /proc; undefined when it cannot be read. */
export async function commandLine(pid: number): Promise<string | undefined> {
  try {
    if (process.platform === 'linux') {
      return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replace(/\0$/, '');
    }
    const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]);
    return stdout.trim().replaceAll(' ', '\0');
  } catch {
    return undefined;
  }
}
