import { livingPid, type PartRecord, readRecords } from './process/record.ts';
import { awaitReady, hashFiles, launch } from './process/start.ts';
import { stopPart } from './process/stop.ts';
import type { Part, RuntimeContext } from './types.ts';

/**
 * Makes sure that a part runs and is ready: keeps it when it runs as wanted, starts it when it is dead, starts it again when its program, its
 * arguments or its configuration changed.
 * @throws LOCAL_PART_DIED
 */
export async function ensurePart(part: Part, order: number, context: RuntimeContext): Promise<void> {
  const { paths, report, signal } = context;
  signal?.throwIfAborted();
  const began = performance.now();
  const existing = (await readRecords(paths.run)).find((record) => record.part.name === part.name);
  const alive = existing !== undefined && (await livingPid(existing)) !== undefined;
  if (alive && (await isAsWanted(existing, part)) && (await stays(existing, signal))) {
    report({ kind: 'part', name: part.name, step: 'kept' });
    return;
  }
  if (existing !== undefined) {
    report({
      kind: 'part',
      name: part.name,
      step: 'restarting',
      detail: (await livingPid(existing)) === undefined ? 'it was dead' : 'its settings changed',
    });
    await stopPart(existing, paths.run);
  } else {
    report({ kind: 'part', name: part.name, step: 'starting' });
  }
  await awaitReady(await launch(part, order, paths), signal);
  report({ kind: 'part', name: part.name, step: 'ready', ms: Math.round(performance.now() - began) });
}

/** Whether it is ready, or becomes so. A process that was killed may still be seen for a moment: such a one is gone, and did not fail to start. */
async function stays(record: PartRecord, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await awaitReady(record, signal);
    return true;
  } catch (error) {
    if ((await livingPid(record)) === undefined && signal?.aborted !== true) return false;
    throw error;
  }
}

const essence = ({ binary, args, env }: Part): string => JSON.stringify([binary, args, env ?? {}]);

async function isAsWanted(record: PartRecord, part: Part): Promise<boolean> {
  return essence(record.part) === essence(part) && record.config === (await hashFiles(part.configFiles ?? []));
}
