import { rm } from 'node:fs/promises';
import { livingPid, type PartRecord, removeRecord } from './record.ts';
import { until } from './wait.ts';

/**
 * Stops a part: SIGTERM to its process group, SIGKILL after its grace. A process that is not the one that was started is left alone. Forgets the
 * record afterwards.
 * @returns whether something was running
 */
export async function stopPart(record: PartRecord, directory: string): Promise<boolean> {
  await rm(record.permit, { force: true });
  const pid = await livingPid(record);
  if (pid !== undefined) {
    signalGroup(pid, 'SIGTERM');
    const gone = await awaitGone(record, record.part.graceMs ?? 10_000);
    if (!gone) {
      signalGroup(pid, 'SIGKILL');
      await awaitGone(record, 10_000);
    }
  }
  await removeRecord(directory, record);
  return pid !== undefined;
}

async function awaitGone(record: PartRecord, timeoutMs: number): Promise<boolean> {
  const gone = await until(async () => ((await livingPid(record)) === undefined ? true : undefined), {
    timeoutMs,
    everyMs: 20,
  });
  return gone !== undefined;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone between the look and the signal.
  }
}
