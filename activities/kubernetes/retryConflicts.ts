import { setTimeout as sleep } from 'node:timers/promises';
import { KubernetesFailure } from './kubernetesFailure.ts';

/** Beyond this many in a row somebody fights for the object; Temporal's back-off goes on then. */
const mostTries = 12;

/** Runs `act`, which reads and then writes with what it read; again from the start when somebody wrote in between (409). */
export async function retryConflicts<T>(act: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof KubernetesFailure && error.code === 'CONFLICT') || tries >= mostTries) throw error;
      await sleep(Math.random() * 20 * tries);
    }
  }
}
