import { join } from 'node:path';
import { SluiceError } from '../workflows/contract/errors.ts';
import { pathsOf, stateDirectory } from './paths.ts';
import { isFree } from './ports.ts';
import { withLock } from './process/lock.ts';
import { livingPid, readRecords } from './process/record.ts';
import { awaitReady, hashFiles, launch } from './process/start.ts';
import { stopPart } from './process/stop.ts';
import { readState } from './state.ts';
import type { Part, ReportProgress } from './types.ts';

/** Stops before everything that it needs. */
const companionOrder = 100;

export interface CompanionOptions {
  readonly stateDir?: string;
  readonly report?: ReportProgress;
  readonly signal?: AbortSignal;
}

/**
 * Starts a process that lives and dies with the stack without being part of it (the worker of the demo): `inspect` shows
 * it, `down` stops it. One that runs as wanted is kept.
 * @param make the part, given a free port of its own
 * @throws LOCAL_NOT_UP, LOCAL_PART_DIED
 */
export async function startCompanion(
  name: string,
  make: (port: number) => Part,
  options: CompanionOptions = {},
): Promise<void> {
  const { report = () => undefined, signal } = options;
  const paths = pathsOf(stateDirectory(options.stateDir));
  if ((await readState(paths)) === undefined)
    throw new SluiceError('LOCAL_NOT_UP', `There is no local stack in ${paths.root}.`);
  await withLock(
    join(paths.root, 'lock'),
    async () => {
      const began = performance.now();
      const existing = (await readRecords(paths.run)).find((record) => record.part.name === name);
      const port = existing?.part.ports?.[0] ?? (await freePort());
      const part = make(port);
      if (existing !== undefined) {
        const alive = (await livingPid(existing)) !== undefined;
        if (
          alive &&
          essence(existing.part) === essence(part) &&
          existing.config === (await hashFiles(part.configFiles ?? []))
        ) {
          await awaitReady(existing, signal);
          report({ kind: 'part', name, step: 'kept' });
          return;
        }
        await stopPart(existing, paths.run);
      }
      report({ kind: 'part', name, step: existing === undefined ? 'starting' : 'restarting' });
      await awaitReady(await launch(part, companionOrder, paths), signal);
      report({ kind: 'part', name, step: 'ready', ms: Math.round(performance.now() - began) });
    },
    { signal },
  );
}

/** Starts those companions again that have died: `up` mends them like its own parts. */
export async function reviveCompanions(options: CompanionOptions = {}): Promise<void> {
  const paths = pathsOf(stateDirectory(options.stateDir));
  for (const { part, order } of await readRecords(paths.run)) {
    if (order === companionOrder) await startCompanion(part.name, () => part, options);
  }
}

const essence = ({ binary, args, env }: Part): string => JSON.stringify([binary, args, env ?? {}]);

async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
}
