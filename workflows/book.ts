import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { setCurrentDetails, upsertMemo, upsertSearchAttributes } from '@temporalio/workflow';
import { memoKeys } from './contract/names.ts';
import type { ReleaseStatus, Said } from './contract/status.ts';
import { releaseDetails } from './details.ts';
import { logged, type ReleaseState } from './state.ts';
import { type Identity, statusOf } from './status.ts';

const keys = {
  app: defineSearchAttributeKey('SluiceApp', SearchAttributeType.KEYWORD),
  cluster: defineSearchAttributeKey('SluiceCluster', SearchAttributeType.KEYWORD),
  namespace: defineSearchAttributeKey('SluiceNamespace', SearchAttributeType.KEYWORD),
  phase: defineSearchAttributeKey('SluicePhase', SearchAttributeType.KEYWORD),
  version: defineSearchAttributeKey('SluiceVersion', SearchAttributeType.KEYWORD),
  initiator: defineSearchAttributeKey('SluiceInitiator', SearchAttributeType.KEYWORD),
  batch: defineSearchAttributeKey('SluiceBatch', SearchAttributeType.INT),
  waiting: defineSearchAttributeKey('SluiceWaiting', SearchAttributeType.BOOL),
};

/** The state of one release: the only thing in its workflow that changes. Every change shows in the Temporal UI. */
export class Book {
  readonly identity: Identity;
  #state: ReleaseState;
  #shown = '';

  constructor(identity: Identity, state: ReleaseState) {
    this.identity = identity;
    this.#state = state;
    // A list has only the first run of the whole chain to call it by.
    if (state.run !== undefined) upsertMemo({ [memoKeys.run]: state.run });
    this.#show();
  }

  get state(): ReleaseState {
    return this.#state;
  }

  get status(): ReleaseStatus {
    return statusOf(this.#state, this.identity);
  }

  /** Now, ISO 8601, from the workflow's clock. */
  get now(): string {
    return new Date().toISOString();
  }

  set(change: (state: ReleaseState) => ReleaseState): void {
    this.#state = change(this.#state);
    this.#show();
  }

  log(text: string): void {
    this.set((state) => logged(state, { at: this.now, text }));
  }

  /** Something other than a message asks for the rollback. The first to ask is kept. */
  askRollback(by: string, reason: string): void {
    const said: Said = { by, verified: true, at: this.now, reason };
    this.set((state) =>
      state.rollback === undefined && state.final !== true
        ? logged({ ...state, rollback: said }, { at: said.at, by, text: `Rolling back: ${reason}` })
        : state,
    );
  }

  #show(): void {
    const status = this.status;
    setCurrentDetails(releaseDetails(status));
    const { cluster, namespace } = this.identity.target;
    const batch = this.#state.index;
    const waiting = status.waiting !== undefined && status.waiting.for !== 'bake';
    const shown = [status.app, status.phase, status.version, batch, waiting].join('\n');
    // Each upsert is an event in the history: only what has changed is worth one.
    if (shown === this.#shown) return;
    this.#shown = shown;
    upsertSearchAttributes([
      { key: keys.app, value: status.app },
      { key: keys.cluster, value: cluster },
      { key: keys.namespace, value: namespace },
      { key: keys.initiator, value: this.identity.initiator },
      { key: keys.phase, value: status.phase },
      { key: keys.version, value: status.version },
      { key: keys.batch, value: batch },
      { key: keys.waiting, value: waiting },
    ]);
  }
}
