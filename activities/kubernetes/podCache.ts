import { bornAt } from './born.ts';
import type { Pod } from './wire.ts';

/** UIDs of deleted pods that are remembered, so that a late answer of a write does not bring one back to life. */
const rememberedDeaths = 5_000;

/** In a set of changed names: all of them, and those that are not there. No pod has an empty name. */
export const everyone = '';

/** The pods of one watch, by name, each in the newest state that was seen or written. Tells which names changed. */
export class PodCache {
  readonly #pods = new Map<string, Pod>();
  readonly #dead = new Set<string>();
  readonly #listeners = new Set<(names: ReadonlySet<string>) => void>();
  #changed: Set<string> | undefined;
  /** Names written by this process since a list began: the list may hold an older state of them. */
  #written: Set<string> | undefined;

  all(): readonly Pod[] {
    return [...this.#pods.values()];
  }

  get(name: string): Pod | undefined {
    return this.#pods.get(name);
  }

  /** Calls `listener` with the names that changed, soon after they did, several at once where several did. */
  subscribe(listener: (names: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** An event of the watch, or the answer of a write: whichever is newer stays. */
  saw(pod: Pod): void {
    const { name, uid } = pod.metadata;
    this.#written?.add(name);
    if (this.#dead.has(uid)) return;
    const known = this.#pods.get(name);
    const version = versionOf(pod.metadata.resourceVersion);
    if (known?.metadata.uid === uid && versionOf(known.metadata.resourceVersion) >= version) return;
    // Another UID under the same name: the younger one is the one that is there.
    if (known && known.metadata.uid !== uid && bornAt(known) > bornAt(pod)) return;
    this.#pods.set(name, slim(pod));
    this.#tell(name);
  }

  deleted({ metadata: { name, uid } }: Pod): void {
    this.#dead.add(uid);
    for (const oldest of this.#dead) {
      if (this.#dead.size <= rememberedDeaths) break;
      this.#dead.delete(oldest);
    }
    if (this.#pods.get(name)?.metadata.uid !== uid) return;
    this.#pods.delete(name);
    this.#tell(name);
  }

  /** To be called before a list is asked for; the result takes the list. */
  listing(): (items: readonly Pod[]) => void {
    const written = new Set<string>();
    this.#written = written;
    return (items) => {
      this.#written = undefined;
      const listed = new Map(items.map((pod) => [pod.metadata.name, pod]));
      for (const [name, pod] of this.#pods) {
        if (!listed.has(name) && !written.has(name)) this.deleted(pod);
      }
      for (const [name, pod] of listed) {
        if (written.has(name)) this.saw(pod);
        else {
          this.#pods.set(name, slim(pod));
          this.#tell(name);
        }
      }
    };
  }

  /** Has every listener look at every pod once more, also at those that it misses. */
  touchAll(): void {
    this.#tell(everyone);
  }

  #tell(name: string): void {
    if (this.#changed) {
      this.#changed.add(name);
      return;
    }
    const names = new Set([name]);
    this.#changed = names;
    setImmediate(() => {
      this.#changed = undefined;
      for (const listener of this.#listeners) listener(names);
    });
  }
}

/** Resource versions of one API server are numbers that grow (KEP-5504); what is not one counts as newest. */
export function versionOf(resourceVersion: string | undefined): number {
  const version = Number(resourceVersion);
  return Number.isFinite(version) ? version : Number.POSITIVE_INFINITY;
}

/** Without what nobody here reads: half the memory of a thousand pods. */
function slim(pod: Pod): Pod {
  const { managedFields: _, ...metadata } = pod.metadata;
  return { ...pod, metadata };
}
