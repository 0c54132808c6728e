/** Global set-up of the project `e2e`: one stack on a real kubelet for the whole run. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { resolveBinaries } from '../../local/binaries/resolve.ts';
import { down } from '../../local/down.ts';
import { environment } from '../../local/inspect.ts';
import type { StackEnvironment } from '../../local/types.ts';
import { up } from '../../local/up.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';

/** What `inject('kubelet')` gives a test. */
export interface KubeletStack {
  readonly stateDir: string;
  readonly environment: StackEnvironment;
  /** host:port; with `sampleImage(tag, registry)` the images of the sample application. */
  readonly registry: string;
  /** Path of the program, for support/kubectl.ts. */
  readonly kubectl: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    kubelet: KubeletStack;
  }
}

/** With SLUICE_E2E_STATE_DIR the stack of that directory is used (or made) and left running: a run then starts seconds earlier. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kept = process.env['SLUICE_E2E_STATE_DIR'];
  const stateDir = kept ?? (await mkdtemp(join(tmpdir(), 'sluice-e2e-')));
  const stop = async () => {
    if (kept === undefined) await down({ stateDir, wipe: true });
  };
  try {
    const began = performance.now();
    await up({ stateDir, runtime: 'containerd' });
    console.log(`kubelet stack in ${stateDir}: up in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    const exports = await environment({ stateDir });
    const { kubectl } = await resolveBinaries(['kubectl']);
    project.provide('kubelet', { stateDir, environment: exports, registry: exports.SLUICE_REGISTRY ?? '', kubectl });
    return stop;
  } catch (error) {
    await stop();
    // Vitest shows the message only.
    if (error instanceof SluiceError)
      throw new Error(`${error.code}: ${error.message} ${error.next}`, { cause: error });
    throw error;
  }
}
