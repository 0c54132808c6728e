import { CancellationScope, condition, isCancellation, log } from '@temporalio/workflow';
import { clusterActivities } from './clusterActivities.ts';
import type { BatchInput } from './contract/workflows.ts';
import { failureOf } from './failure.ts';

/**
 * What the workload bears while a batch makes pods anew: the other version only while pods are in hand, so that one
 * that dies at a gate, in a pause or while a budget waits is born as it was.
 */
export class BirthsOf {
  readonly #input: BatchInput;
  readonly #wanted: () => boolean;
  #open = false;
  /** It may be open, whatever came of the call. */
  #touched = false;
  #failure: unknown;

  /** `wanted`: whether pods are in hand. */
  constructor(input: BatchInput, wanted: () => boolean) {
    this.#input = input;
    this.#wanted = wanted;
  }

  /** Whether pods may go on: what is born in the place of one is as it shall be. */
  get ready(): boolean {
    return this.#input.births === undefined || this.#open || this.#failure !== undefined;
  }

  /** Why nothing can be born as it shall be: each pod in hand has failed for that. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Follows `wanted` until the batch is over. */
  async tend(over: () => boolean): Promise<void> {
    if (this.#input.births === undefined) return;
    for (;;) {
      await condition(() => this.#open !== this.#wanted() || over());
      if (over()) return;
      try {
        await this.#bear(this.#wanted());
      } catch (error) {
        if (isCancellation(error)) throw error;
        this.#failure = error;
        return;
      }
    }
  }

  /** Leaves the workload bearing what its own template says, if it can: giving it back looks once more. */
  async close(): Promise<void> {
    if (!this.#touched) return;
    try {
      await CancellationScope.nonCancellable(() => this.#bear(false));
    } catch (error) {
      log.warn('Pods may still be born from the other template', { error: failureOf(error).text });
    }
  }

  async #bear(other: boolean): Promise<void> {
    const { target, uid, holder, name, births } = this.#input;
    const { writing } = clusterActivities(target.cluster);
    this.#touched = true;
    await writing.bear.executeWithOptions(
      {
        summary: other
          ? `${name}: pods are born from the ${births?.side === 'to' ? 'new' : 'old'} template`
          : `${name}: pods are born as before`,
      },
      [{ target, uid, holder, ...(other && births && { births }) }],
    );
    this.#open = other;
    this.#touched = other;
  }
}
