import { setTimeout as sleep } from 'node:timers/promises';
import { endpointSlices } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { EndpointSlice } from '../kubernetes/wire.ts';
import type { Source } from '../until.ts';
import { type Endpoints, endpointsOf } from './endpointView.ts';

const idleMs = 30_000;
const backOffMs = { first: 100, most: 5_000 };

/** The endpoints of one Service, as its EndpointSlices show them now. */
export interface ServiceWatch extends Source {
  now(): Endpoints;
}

/**
 * One watch of EndpointSlices for each Service, shared by all activities of a worker: started by the first who needs
 * it, closed when nobody has for half a minute.
 */
export class EndpointWatches {
  readonly #kube: Connection;
  readonly #watches = new Map<string, SliceWatch>();

  /** `kube` must not end with an activity. */
  constructor(kube: Connection) {
    this.#kube = kube;
  }

  /** Runs `use` with the watch of these Services, by name, each with its first list done. */
  async use<T>(
    namespace: string,
    services: readonly string[],
    use: (watches: ReadonlyMap<string, ServiceWatch>) => Promise<T>,
  ): Promise<T> {
    const held = new Map([...new Set(services)].map((service) => [service, this.#take(namespace, service)] as const));
    try {
      await Promise.all([...held.values()].map(({ synced }) => synced));
      return await use(held);
    } finally {
      for (const watch of held.values()) watch.leave();
    }
  }

  #take(namespace: string, service: string): SliceWatch {
    const key = `${namespace}/${service}`;
    let watch = this.#watches.get(key);
    if (watch === undefined || watch.ended) {
      watch = new SliceWatch(this.#kube, namespace, service, () => this.#watches.delete(key));
      this.#watches.set(key, watch);
    }
    watch.enter();
    return watch;
  }
}

class SliceWatch implements ServiceWatch {
  readonly #kube: Connection;
  readonly #where: { readonly namespace: string; readonly labelSelector: string };
  readonly #stop = new AbortController();
  readonly #onEnd: () => void;
  #slices = new Map<string, EndpointSlice>();
  #view: Endpoints | undefined;
  readonly #listeners = new Set<() => void>();
  #users = 0;
  #idle: NodeJS.Timeout | undefined;
  readonly synced: Promise<void>;

  constructor(kube: Connection, namespace: string, service: string, onEnd: () => void) {
    this.#kube = kube.with(this.#stop.signal);
    this.#where = { namespace, labelSelector: `kubernetes.io/service-name=${service}` };
    this.#onEnd = onEnd;
    this.synced = this.#list().then((version) => void this.#follow(version));
    this.synced.catch(() => this.#end());
  }

  get ended(): boolean {
    return this.#stop.signal.aborted;
  }

  enter(): void {
    clearTimeout(this.#idle);
    this.#users += 1;
  }

  leave(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#idle = setTimeout(() => this.#end(), idleMs).unref();
  }

  now(): Endpoints {
    this.#view ??= endpointsOf(this.#slices.values());
    return this.#view;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #changed(): void {
    this.#view = undefined;
    for (const listener of this.#listeners) listener();
  }

  #end(): void {
    clearTimeout(this.#idle);
    this.#stop.abort();
    this.#onEnd();
  }

  async #list(): Promise<string> {
    const { items, resourceVersion } = await this.#kube.list(endpointSlices, this.#where);
    this.#slices = new Map(items.map((slice) => [slice.metadata.name, slice]));
    this.#changed();
    return resourceVersion;
  }

  #saw({ type, object }: { readonly type: string; readonly object: EndpointSlice }): void {
    if (type === 'DELETED') this.#slices.delete(object.metadata.name);
    else this.#slices.set(object.metadata.name, object);
    this.#changed();
  }

  /** Lists again after every error: what it shows must never be the state of before an outage. */
  async #follow(from: string): Promise<void> {
    let version: string | undefined = from;
    let failures = 0;
    while (!this.ended) {
      try {
        version ??= await this.#list();
        for await (const event of this.#kube.watch(endpointSlices, this.#where, version)) {
          failures = 0;
          if (event.type === 'BOOKMARK') {
            version = event.resourceVersion;
            continue;
          }
          version = event.object.metadata.resourceVersion;
          this.#saw(event);
        }
      } catch {
        version = undefined;
      }
      const pauseMs = Math.min(backOffMs.most, backOffMs.first * 2 ** Math.min(failures, 6));
      failures += 1;
      await sleep(pauseMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined);
    }
  }
}
