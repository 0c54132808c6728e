import type { Handful } from '../workflows/contract/activities/handful.ts';
import { errors, SluiceError } from '../workflows/contract/errors.ts';
import { handfulOf, type Outcome } from './handful.ts';
import { KubernetesFailure } from './kubernetes/kubernetesFailure.ts';

/** Requests under way at once for one handful: what a default API server serves well beside its other clients. */
const concurrency = 16;

/**
 * Runs `act` for each pod, 16 at once, and answers by pod. What `act` throws becomes the pod's outcome: 404 is `gone`,
 * a refusal is a failure with its reason, what may pass by itself (409, 429, 5xx, network) is `later`. It throws only
 * when every pod met an error that may pass by itself: then Temporal's back-off is better than the pump's next round.
 * An abort of `signal` stops before the next pod and throws its reason.
 */
export async function eachPod<P extends { readonly name: string }>(
  pods: readonly P[],
  signal: AbortSignal,
  act: (pod: P) => Promise<Outcome>,
): Promise<Handful> {
  const outcomes = new Map<string, Outcome>();
  const passing: unknown[] = [];
  const queue = pods.values();
  const work = async () => {
    for (const pod of queue) {
      signal.throwIfAborted();
      try {
        outcomes.set(pod.name, await act(pod));
      } catch (error) {
        signal.throwIfAborted();
        const outcome = outcomeOf(error);
        if (outcome === 'later') passing.push(error);
        outcomes.set(pod.name, outcome);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, pods.length) }, work));
  if (passing.length > 0 && passing.length === pods.length) throw passing[0];
  return handfulOf(outcomes);
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof KubernetesFailure) {
    if (error.status === 404) return 'gone';
    return error.retryable ? 'later' : { code: error.code, reason: error.message };
  }
  if (error instanceof SluiceError)
    return errors[error.code].retryable ? 'later' : { code: error.code, reason: error.message };
  throw error;
}
