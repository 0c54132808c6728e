import type { PartReport } from '../types.ts';
import { tail } from './log.ts';
import { ask } from './probe.ts';
import { livingPid, type PartRecord } from './record.ts';

/** How a part is now. Changes nothing. */
export async function inspectPart(record: PartRecord): Promise<PartReport> {
  const { part, log } = record;
  const shown = { name: part.name, log, ...(part.address === undefined ? {} : { address: part.address }) };
  const pid = await livingPid(record);
  if (pid === undefined) {
    return { ...shown, state: 'dead', detail: await tail(log, 5) };
  }
  const complaint = await ask(part.ready);
  return complaint === undefined
    ? { ...shown, state: 'running', pid }
    : { ...shown, state: 'starting', pid, detail: complaint };
}
