import { PodWatch } from './podWatch.ts';
import type { Connection, Where } from './types.ts';

/** How long a watch that nobody uses is kept: the next stage of the pump follows within milliseconds. */
const idleMs = 60_000;

interface Entry {
  readonly watch: PodWatch;
  users: number;
  idle?: NodeJS.Timeout;
}

/** The watches of a worker: one for each workload in release, shared by all of its activities. */
export class PodWatches {
  readonly #kube: Connection;
  readonly #entries = new Map<string, Entry>();

  constructor(kube: Connection) {
    this.#kube = kube;
  }

  /** Runs `use` with the watch of these pods, synced. Starts it if it is the first; it ends when idle for a minute. */
  async use<T>(where: Where, use: (watch: PodWatch) => Promise<T>): Promise<T> {
    const key = `${where.namespace ?? ''}?${where.labelSelector ?? ''}`;
    let entry = this.#entries.get(key);
    if (!entry) {
      entry = { watch: new PodWatch(this.#kube, where), users: 0 };
      this.#entries.set(key, entry);
    }
    clearTimeout(entry.idle);
    entry.users += 1;
    try {
      await entry.watch.synced;
    } catch (error) {
      // One that could not even list is not kept: the next user asks anew.
      this.#end(key, entry);
      throw error;
    }
    try {
      return await use(entry.watch);
    } finally {
      entry.users -= 1;
      if (entry.users === 0) this.#rest(key, entry);
    }
  }

  /** Silence of each watch in milliseconds, by `namespace?selector`: for the worker's metrics. */
  silences(): ReadonlyMap<string, number> {
    return new Map([...this.#entries].map(([key, { watch }]) => [key, watch.silentMs]));
  }

  close(): void {
    for (const { watch, idle } of this.#entries.values()) {
      clearTimeout(idle);
      watch.stop();
    }
    this.#entries.clear();
  }

  #rest(key: string, entry: Entry): void {
    entry.idle = setTimeout(() => this.#end(key, entry), idleMs).unref();
  }

  #end(key: string, entry: Entry): void {
    entry.watch.stop();
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }
}
