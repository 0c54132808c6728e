import { join } from 'node:path';
import { SluiceError } from '../workflows/contract/errors.ts';
import { baseBinaries } from './base-binaries.ts';
import { resolveBinaries } from './binaries/resolve.ts';
import { bringUp, portRequest } from './bring-up.ts';
import { inspect } from './inspect.ts';
import { ownPorts } from './own-ports.ts';
import { makeDirectories, pathsOf, stateDirectory } from './paths.ts';
import { choosePorts } from './ports.ts';
import { withLock } from './process/lock.ts';
import { loadRuntime } from './runtimes.ts';
import { readState, type StackState } from './state.ts';
import { checkStateDirectory } from './state-directory-check.ts';
import type { ReportProgress, StackReport, UpOptions } from './types.ts';

/**
 * Brings the local stack up, or what is missing of it. Can be repeated and interrupted at any moment; what runs already is kept.
 * @throws LOCAL_BINARY_UNAVAILABLE, LOCAL_CHECKSUM, LOCAL_PORT_TAKEN, LOCAL_PART_DIED, LOCAL_UNSUPPORTED; the reason of `options.signal`
 */
export async function up(options: UpOptions = {}, report: ReportProgress = () => undefined): Promise<StackReport> {
  const paths = pathsOf(stateDirectory(options.stateDir));
  const before = await readState(paths);
  const runtime = await loadRuntime(chooseRuntime(options, before));
  checkNodes(options.nodes);
  await checkStateDirectory(paths);
  await runtime.check?.();
  // Again when the parts start; here so that nobody waits for a build to hear of it.
  await choosePorts({ ...portRequest(options, runtime, before), own: await ownPorts(paths) });
  await makeDirectories(paths);
  const binaries = await resolveBinaries([...baseBinaries, ...runtime.binaries], {
    report,
    ...(options.signal && { signal: options.signal }),
  });
  await withLock(join(paths.root, 'lock'), () => bringUpDespiteRaces(options, runtime, paths, binaries, report), {
    signal: options.signal,
    onWait: (holder) => report({ kind: 'note', text: `process ${holder} is working on this stack; waiting for it` }),
  });
  return inspect({ stateDir: paths.root });
}

function chooseRuntime({ runtime }: UpOptions, before: StackState | undefined): StackState['runtime'] {
  if (runtime !== undefined && before !== undefined && runtime !== before.runtime) {
    throw new SluiceError(
      'LOCAL_UNSUPPORTED',
      `This stack runs on ${before.runtime}; it cannot change to ${runtime}.`,
      { next: 'Run `sluice down --wipe` first, or give the other stack a directory of its own with SLUICE_STATE_DIR.' },
    );
  }
  return runtime ?? before?.runtime ?? 'kwok';
}

/** @throws USAGE */
function checkNodes(nodes: number | undefined): void {
  if (nodes === undefined || (Number.isInteger(nodes) && nodes >= 1)) return;
  throw new SluiceError('USAGE', `${nodes} is not a number of nodes.`, { next: 'Use a whole number from 1 on.' });
}

/** Between finding a port free and listening on it, somebody else may take it: then others are chosen. */
async function bringUpDespiteRaces(...args: Parameters<typeof bringUp>): Promise<void> {
  const report = args[4];
  for (let attempt = 1; ; attempt++) {
    try {
      await bringUp(...args);
      return;
    } catch (error) {
      const race =
        error instanceof SluiceError &&
        error.code === 'LOCAL_PART_DIED' &&
        /address already in use|can't set .*port/.test(error.message);
      if (!race || attempt === 3) throw error;
      report({ kind: 'note', text: 'a port was taken in between; choosing again' });
    }
  }
}
