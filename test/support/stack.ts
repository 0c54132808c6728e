/** Global set-up of the project `kwok`: one local stack for the whole run, so that no test file waits for one of its own. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { down } from '../../local/down.ts';
import { environment } from '../../local/inspect.ts';
import type { ReportProgress, StackEnvironment } from '../../local/types.ts';
import { up } from '../../local/up.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';

/** What `inject('stack')` gives a test. */
export interface TestStack {
  readonly stateDir: string;
  readonly environment: StackEnvironment;
}

declare module 'vitest' {
  interface ProvidedContext {
    stack: TestStack;
  }
}

/**
 * Also sets the variables of `sluice env` for the test processes: a kubeconfig of the developer's own is never touched by a test. With
 * SLUICE_TEST_STATE_DIR the stack of that directory is used (or made) and left running.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kept = process.env['SLUICE_TEST_STATE_DIR'];
  const stateDir = kept ?? (await mkdtemp(join(tmpdir(), 'sluice-test-')));
  const stop = async () => {
    if (kept === undefined) await down({ stateDir, wipe: true });
  };
  try {
    await up({ stateDir }, tellOfBuilds());
    const exports = await environment({ stateDir });
    Object.assign(process.env, exports, { SLUICE_STATE_DIR: stateDir });
    project.provide('stack', { stateDir, environment: exports });
    return stop;
  } catch (error) {
    await stop();
    // Vitest shows the message only.
    if (error instanceof SluiceError) {
      throw new Error(`${error.code}: ${error.message} ${error.next}`, { cause: error });
    }
    throw error;
  }
}

/** On a fresh machine programs are built for minutes; nobody should take that for a hang. */
function tellOfBuilds(): ReportProgress {
  let next = 0;
  return (progress) => {
    if (progress.kind !== 'binary' || progress.step !== 'building' || performance.now() < next) return;
    next = performance.now() + 20_000;
    console.log(`building ${progress.names.join(', ')}: ${progress.detail ?? ''}`);
  };
}
