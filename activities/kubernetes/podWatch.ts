import { setTimeout as sleep } from 'node:timers/promises';
import type { PodRef } from '../../workflows/contract/plan.ts';
import { KubernetesFailure } from './kubernetesFailure.ts';
import { PodCache, versionOf } from './podCache.ts';
import { pods } from './resources.ts';
import type { Connection, Where } from './types.ts';
import type { Pod } from './wire.ts';

const backOffMs = { first: 100, most: 5_000 };

/**
 * One watch of the pods of a workload: lists, then watches with bookmarks, and begins anew by itself after every error,
 * silence or 410, which the client's own Watch and informer do not. After an error it lists again, so that what it
 * shows is never the state of before an outage. Ends with `stop`.
 */
export class PodWatch {
  readonly #kube: Connection;
  readonly #where: Where;
  readonly #cache = new PodCache();
  readonly #stopped = new AbortController();
  #current = false;
  #version = 0;
  #heardAt = Date.now();

  /** Starts at once; `synced` settles with the first list. `kube` must not end with an activity. */
  constructor(kube: Connection, where: Where) {
    this.#kube = kube.with(this.#stopped.signal);
    this.#where = where;
    this.synced = this.#begin();
    // Whoever waits for it gets the error; nobody waiting is no crash.
    this.synced.catch(() => undefined);
  }

  /** Settles when the first list is there; fails as that failed. */
  readonly synced: Promise<void>;

  /** False while the API server cannot be heard: what is shown may be out of date then. */
  get current(): boolean {
    return this.#current;
  }

  /** Milliseconds since anything was heard, bookmarks (about one a minute) among it. */
  get silentMs(): number {
    return Date.now() - this.#heardAt;
  }

  all(): readonly Pod[] {
    return this.#cache.all();
  }

  get(name: string): Pod | undefined {
    return this.#cache.get(name);
  }

  /** The pod of that name and UID that is there now. */
  find({ name, uid }: PodRef): Pod | undefined {
    const pod = this.get(name);
    return pod?.metadata.uid === uid ? pod : undefined;
  }

  /** Whether everything is known that was written to these pods up to `resourceVersion`, by whomever. */
  hasSeen(resourceVersion: string): boolean {
    return this.#version >= versionOf(resourceVersion);
  }

  subscribe(listener: (names: ReadonlySet<string>) => void): () => void {
    return this.#cache.subscribe(listener);
  }

  /** The answer of a write to a pod: nobody judges an older state of it from now on. */
  wrote(pod: Pod): void {
    this.#cache.saw(pod);
  }

  stop(): void {
    this.#current = false;
    this.#stopped.abort();
  }

  async #begin(): Promise<void> {
    const version = await this.#list();
    void this.#follow(version);
  }

  async #list(): Promise<string> {
    const take = this.#cache.listing();
    const { items, resourceVersion } = await this.#kube.list(pods, this.#where);
    take(items);
    this.#version = versionOf(resourceVersion);
    this.#heard();
    return resourceVersion;
  }

  #heard(): void {
    this.#heardAt = Date.now();
    if (this.#current) return;
    this.#current = true;
    this.#cache.touchAll();
  }

  async #follow(from: string): Promise<void> {
    let version: string | undefined = from;
    let failures = 0;
    while (!this.#stopped.signal.aborted) {
      try {
        version ??= await this.#list();
        for await (const event of this.#kube.watch(pods, this.#where, version)) {
          failures = 0;
          version = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion;
          if (event.type === 'DELETED') this.#cache.deleted(event.object);
          else if (event.type !== 'BOOKMARK') this.#cache.saw(event.object);
          this.#version = versionOf(version);
          this.#heard();
        }
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        version = undefined;
        // Too old a version is no outage: list at once.
        if (error instanceof KubernetesFailure && error.status === 410 && failures === 0) continue;
        this.#current = false;
      }
      // A server that ends every watch at once must not be asked in a tight loop.
      const pause = failures === 0 && version !== undefined ? 10 : backOff(failures);
      failures += 1;
      await sleep(pause, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
    }
  }
}

const backOff = (failures: number): number =>
  Math.min(backOffMs.most, backOffMs.first * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2);
