import { SluiceError } from '../../workflows/contract/errors.ts';
import { until } from '../process/wait.ts';
import type { RuntimeContext } from '../types.ts';

/** Waits until pods can be made in the default namespace: the first act of the controllers is to give it its service account. */
export async function awaitDefaultServiceAccount(context: RuntimeContext): Promise<void> {
  const path = '/api/v1/namespaces/default/serviceaccounts/default';
  const there = await until(async () => ((await context.kubernetes('GET', path)).status === 200 ? true : undefined), {
    timeoutMs: 30_000,
    signal: context.signal,
  });
  if (there !== undefined) return;
  throw new SluiceError('LOCAL_PART_DIED', 'The controllers did not make the default service account in 30 s.', {
    next: `Read ${context.paths.logs}/kube-controller-manager.log; then \`sluice up\` again.`,
  });
}
