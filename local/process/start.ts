import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../../workflows/contract/errors.ts';
import type { Part, StackPaths } from '../types.ts';
import { identify } from './identity.ts';
import { tail } from './log.ts';
import { ask } from './probe.ts';
import { livingPid, type PartRecord, writeRecord } from './record.ts';
import { until } from './wait.ts';

/**
 * Writes its own number down and, while it is still permitted, becomes the program: the number and the start time stay the same through exec.
 * The order matters: whoever withdraws the permit and then finds no number knows that no program will run.
 */
export const launcher = 'echo $$ > "$1" && [ -e "$2" ] && shift 2 && exec "$@"';

/**
 * Starts a part as a process group of its own that outlives this command, and writes its record. Does not wait for it to be ready.
 * @param order see {@link PartRecord.order}
 */
export async function launch(part: Part, order: number, paths: StackPaths): Promise<PartRecord> {
  const log = join(paths.logs, `${part.name}.log`);
  const start = join(paths.run, `${part.name}.${randomUUID()}`);
  const [pidFile, permit] = [`${start}.pid`, `${start}.permit`];
  const record: PartRecord = { part, order, log, pidFile, permit, config: await hashFiles(part.configFiles ?? []) };
  await writeFile(permit, '');
  await writeRecord(paths.run, record);
  await rename(log, `${log}.previous`).catch(() => undefined);
  const output = await open(log, 'a', 0o600);
  try {
    const child = spawn('/bin/sh', ['-c', launcher, 'sh', pidFile, permit, part.binary, ...part.args], {
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
      env: environmentOf(part),
      cwd: paths.data,
    });
    const spawned = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', () => resolve(child.pid ?? 0));
    });
    child.unref();
    const identity = await identify(spawned);
    const known = identity === undefined ? record : { ...record, identity };
    await writeRecord(paths.run, known);
    return known;
  } finally {
    await output.close();
  }
}

/** Proxies and credentials of the user's shell are none of its business. */
function environmentOf(part: Part): Record<string, string> {
  const inherited = ['PATH', 'HOME', 'TMPDIR', 'LANG'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(inherited), ...part.env };
}

/** One hash over the content of files; a missing file counts as empty. */
export async function hashFiles(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(await readFile(file).catch(() => ''));
  return hash.digest('hex');
}

/**
 * Waits until a part answers its probe, and notices at once when it dies instead.
 * @throws LOCAL_PART_DIED with the last lines of its log when it died or took longer than its startTimeoutMs
 */
export async function awaitReady(record: PartRecord, signal?: AbortSignal): Promise<void> {
  const { part, log } = record;
  const timeoutMs = part.startTimeoutMs ?? 60_000;
  let complaint: string | undefined = 'it was not asked yet';
  const born = performance.now();
  const ready = await until(
    async () => {
      // The launcher needs a moment to write its number down; once it has, there is a process or it has died. Asked in this order.
      const written = await wasWritten(record);
      const alive = (await livingPid(record)) !== undefined;
      if (!alive && (written || performance.now() - born > 5_000)) {
        throw new SluiceError('LOCAL_PART_DIED', `${part.name} died while it started.\n${await tail(log)}`, {
          next: `Read ${log}; then \`sluice up\` again.`,
          details: { part: part.name, log },
        });
      }
      complaint = alive ? await ask(part.ready) : 'it has not started yet';
      return complaint === undefined ? true : undefined;
    },
    { timeoutMs, signal },
  );
  if (ready !== undefined) return;
  throw new SluiceError(
    'LOCAL_PART_DIED',
    `${part.name} was not ready after ${timeoutMs / 1000} s: ${complaint ?? ''}\n${await tail(log)}`,
    { next: `Read ${log}; then \`sluice up\` again.`, details: { part: part.name, log } },
  );
}

async function wasWritten({ pidFile }: PartRecord): Promise<boolean> {
  return (await readFile(pidFile, 'utf8').catch(() => '')) !== '';
}
