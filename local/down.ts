import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from './inspect.ts';
import { pathsOf, stateDirectory } from './paths.ts';
import { withLock } from './process/lock.ts';
import { livingPid, type PartRecord, readRecords } from './process/record.ts';
import { stopPart } from './process/stop.ts';
import { loadRuntime } from './runtimes.ts';
import { readState, stateFile, writeState } from './state.ts';
import type { DownOptions, ReportProgress, StackPaths, StackReport } from './types.ts';

/**
 * Stops exactly what `up` started, last started first. The state stays, unless `wipe`. Nothing there is no error.
 */
export async function down(options: DownOptions = {}, report: ReportProgress = () => undefined): Promise<StackReport> {
  const paths = pathsOf(stateDirectory(options.stateDir));
  // Without our mark nothing in that directory is ours.
  if ((await readState(paths)) === undefined) return inspect({ stateDir: paths.root });
  await withLock(join(paths.root, 'lock'), () => stopAll(paths, options.wipe === true, report), {
    onWait: (holder) => report({ kind: 'note', text: `process ${holder} is working on this stack; waiting for it` }),
  });
  if (options.wipe === true) await rmdir(paths.root).catch(() => undefined);
  return inspect({ stateDir: paths.root });
}

async function stopAll(paths: StackPaths, wipe: boolean, report: ReportProgress): Promise<void> {
  const state = await readState(paths);
  if (state === undefined) return;
  const runtime = await loadRuntime(state.runtime);
  const context = { paths, ports: state.ports, report };
  const records = await readRecords(paths.run);
  if (records.length > 0) await runtime.beforeStop?.(context);
  for (const group of inStopOrder(records)) {
    await Promise.all(
      group.map(async (record) => {
        const { name } = record.part;
        if ((await livingPid(record)) !== undefined) report({ kind: 'part', name, step: 'stopping' });
        await stopPart(record, paths.run);
        report({ kind: 'part', name, step: 'stopped' });
      }),
    );
  }
  await runtime.afterStop?.(context, { wipe });
  if (wipe) await forget(paths);
  else await writeState(paths, { ...state, complete: false });
}

/** Highest order first; equal ones together. */
function inStopOrder(records: readonly PartRecord[]): PartRecord[][] {
  const groups = new Map<number, PartRecord[]>();
  for (const record of records) groups.set(record.order, [...(groups.get(record.order) ?? []), record]);
  return [...groups].toSorted(([a], [b]) => b - a).map(([, group]) => group);
}

/** Deletes what `up` made, and nothing else that may lie there; the mark last, so that an interrupted wipe can be repeated. */
async function forget(paths: StackPaths): Promise<void> {
  for (const path of [paths.data, paths.logs, paths.run, paths.config, paths.pki, paths.kubeconfig, stateFile(paths)]) {
    await rm(path, { recursive: true, force: true });
  }
}
