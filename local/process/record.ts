import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Part } from '../types.ts';
import { commandLine, identify } from './identity.ts';
import { writeFileAtomically } from './write.ts';

/**
 * What is written down about a part before it starts, so that a later command can find, judge and stop it. The process itself writes its number
 * into a file of its own before it becomes the program: however early the starting command dies, no process is lost.
 */
export interface PartRecord {
  readonly part: Part;
  /** Parts stop in the reverse of this order; equal numbers together. */
  readonly order: number;
  readonly log: string;
  /** The process writes its number here, then looks for {@link permit}, then becomes the program. Both files are this start's own. */
  readonly pidFile: string;
  /**
   * Removed before the number is read to stop the part: a process that was too slow to be seen finds it gone, and ends by itself.
   */
  readonly permit: string;
  /** Hash of the part's {@link Part.configFiles} when it was started. */
  readonly config: string;
  /** From {@link identify}; absent when the starting command died before it could write it. */
  readonly identity?: string;
}

export async function writeRecord(directory: string, record: PartRecord): Promise<void> {
  await writeFileAtomically(recordFile(directory, record.part.name), JSON.stringify(record, null, 2));
}

/** All records of a directory, in start order. */
export async function readRecords(directory: string): Promise<PartRecord[]> {
  const files = await readdir(directory).catch(() => []);
  const records = await Promise.all(
    files.filter((file) => file.endsWith('.json')).map((file) => readRecord(join(directory, file))),
  );
  return records.filter((record) => record !== undefined).toSorted((a, b) => a.order - b.order);
}

async function readRecord(file: string): Promise<PartRecord | undefined> {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only writeRecord writes these files, atomically
    const record = JSON.parse(await readFile(file, 'utf8')) as PartRecord;
    // A record of an older Sluice names no permit.
    return { ...record, permit: record.permit ?? `${record.pidFile}.permit` };
  } catch {
    return undefined;
  }
}

export async function removeRecord(directory: string, record: PartRecord): Promise<void> {
  await Promise.all([
    rm(recordFile(directory, record.part.name), { force: true }),
    rm(record.pidFile, { force: true }),
  ]);
}

/**
 * The number of the part's process if, and only if, that process is alive and is still the one that was started: numbers are used again.
 */
export async function livingPid(record: PartRecord): Promise<number | undefined> {
  const pid = Number(await readFile(record.pidFile, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const identity = await identify(pid);
  if (identity === undefined) return undefined;
  if (record.identity !== undefined) return identity === record.identity ? pid : undefined;
  // The starting command died at once: the command line has to do. Before the launcher becomes the program, its own ends with that.
  const wanted = [record.part.binary, ...record.part.args].join('\0');
  const found = await commandLine(pid);
  return found === wanted || found?.endsWith(`\0${wanted}`) === true ? pid : undefined;
}

function recordFile(directory: string, name: string): string {
  return join(directory, `${name}.json`);
}
