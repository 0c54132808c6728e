import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundle } from '@temporalio/worker';

/** Where `npm run build` puts the bundle: beside the compiled rooms. */
const builtBundle = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));

/** The workflows as one script for Temporal's sandbox: what the build made, else bundled now from the sources (about 2 s). */
export async function workflowBundle(): Promise<WorkflowBundle | { codePath: string }> {
  return existsSync(builtBundle) ? { codePath: builtBundle } : bundleWorkflows();
}

export function bundleWorkflows(): Promise<WorkflowBundle> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL(`../workflows/index.${extension}`, import.meta.url)),
    // Its statistics are of no use to who waits for the demo.
    logger: new DefaultLogger('WARN'),
  });
}
