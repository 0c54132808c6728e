import { livingPid, readRecords } from './process/record.ts';
import type { StackPaths } from './types.ts';

/** Ports on which the stack's own living parts listen: in use, and still ours. */
export async function ownPorts(paths: StackPaths): Promise<Set<number>> {
  const records = await readRecords(paths.run);
  const living = await Promise.all(
    records.map(async (record) => ((await livingPid(record)) === undefined ? [] : (record.part.ports ?? []))),
  );
  return new Set(living.flat());
}
