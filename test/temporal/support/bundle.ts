/** Global set-up of the project `temporal`: the workflows are bundled once for all files, which takes seconds of a core. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { bundleWorkflows } from '../../../worker/bundle.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the bundle. */
    workflows?: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-workflows-'));
  const codePath = join(folder, 'bundle.js');
  await writeFile(codePath, (await bundleWorkflows()).code);
  project.provide('workflows', codePath);
  return () => rm(folder, { recursive: true, force: true });
}
