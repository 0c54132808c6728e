import { KubernetesFailure } from '../../../../activities/kubernetes/kubernetesFailure.ts';
import type { Connection } from '../../../../activities/kubernetes/types.ts';
import type { Pod } from '../../../../activities/kubernetes/wire.ts';
import { noPods } from '../../../../activities/podsOf.ts';
import type { PumpedPod, TrafficDeps, TrafficRules } from '../../../../activities/ports.ts';
import type { Found, Registry, Stand } from '../../../../activities/traffic/registries/registry.ts';
import type { RegistryWork } from '../../../../activities/traffic/registry/work.ts';
import { marks } from '../../../../workflows/contract/names.ts';
import type { PodRef } from '../../../../workflows/contract/plan.ts';

export const source = 'registry in memory';

export const rules: TrafficRules = {
  quietMs: 0,
  maxDrainMs: 60_000,
  onDrainTimeout: 'Stop',
  readyTimeoutMs: 60_000,
  undo: false,
};

interface PodOptions {
  readonly ready?: boolean;
  readonly uid?: string;
}

/**
 * A registry and the pods of a workload in memory, and workers whose watches hear of the pods only when they are told to: for orders
 * of events into which no real server can be brought. What the adapters do is shown on real registries, by the conformance suite.
 */
export class Memory {
  readonly #pods = new Map<string, Pod>();
  #version = 0;
  /** By id. An instance is that of the pod of its name. */
  readonly instances = new Map<string, { takenOut: boolean }>();
  /** What was called, as `takeOut a`. */
  readonly calls: string[] = [];
  /** Nobody can read a pod. */
  isAway = false;
  /** Happens once, when a look has seen the registry and before its answer is there. */
  meanwhile: (() => Promise<void>) | undefined;

  /** Makes a pod, or one in its place; registers it if it is ready. */
  pod(name: string, { ready = true, uid = `uid-${name}` }: PodOptions = {}): Pod {
    const pod = this.#saw({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, uid, namespace: 'shop', resourceVersion: '0' },
      spec: { containers: [] },
      status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
    });
    if (ready) this.instances.set(name, { takenOut: false });
    return pod;
  }

  ready(name: string): void {
    this.#saw({ ...this.#at(name), status: { conditions: [{ type: 'Ready', status: 'True' }] } });
  }

  /** It is told to end; its application is still registered. */
  end(name: string): void {
    const pod = this.#at(name);
    this.#saw({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: new Date().toISOString() } });
  }

  /** It has ended, and its application took itself off before. */
  gone(name: string): void {
    this.#pods.delete(name);
    this.instances.delete(name);
  }

  isCalled = (id: string): boolean => this.instances.get(id)?.takenOut === false;

  hasTrail = (name: string): boolean => this.#at(name).metadata.annotations?.[marks.outOf] !== undefined;

  /** A worker: what its watch knows is as the pods are now, or when it was last told to hear. */
  worker(more: Partial<Registry> = {}) {
    let known = new Map(this.#pods);
    const find = ({ name, uid }: PodRef) => {
      const pod = known.get(name);
      return pod?.metadata.uid === uid ? pod : undefined;
    };
    const wrote = (pod: Pod): void => void known.set(pod.metadata.name, pod);
    const kube: Partial<Connection> = {
      find: async <T>(_: unknown, { name }: { readonly name: string }) => {
        if (this.isAway) throw new KubernetesFailure('CLUSTER_UNREACHABLE', 'The API server is away.', { status: 0 });
        return this.#pods.get(name) as T | undefined;
      },
      patch: async <T>(_: unknown, { name }: { readonly name: string }, body: unknown) => this.#patch(name, body) as T,
    };
    const deps = {
      kube,
      signal: new AbortController().signal,
      held: {
        target: { cluster: 'local', namespace: 'shop', kind: 'deployment', name: 'shop' },
        uid: 'u',
        holder: 'h',
      },
      pods: { ...noPods, all: () => [...known.values()], find, wrote },
    } as unknown as TrafficDeps;
    const registry: Registry = {
      look: async (pods) => {
        const found = new Map(pods.map(({ name }) => [name, this.#found(name)] as const));
        const { meanwhile } = this;
        this.meanwhile = undefined;
        await meanwhile?.();
        return found;
      },
      takeOut: async ({ id }) => this.#set('takeOut', id, true),
      putBack: async ({ id }) => this.#set('putBack', id, false),
      forget: async ({ id }) => void this.calls.push(`forget ${id}`),
      ...more,
    };
    const work: RegistryWork = { registry, closedMs: () => 0, name: source, rules: { callersCache: '0s' }, deps };
    return { work, hear: () => void (known = new Map(this.#pods)) };
  }

  /** As a stage of the pump has it; `before`: how it stood when its batch was looked at. */
  pumped(name: string, before?: Stand): PumpedPod {
    const pod = this.#at(name);
    const since = new Date().toISOString();
    return { name, uid: pod.metadata.uid, pod, since, ...(before !== undefined && { before: [before] }) };
  }

  #found(name: string): Found {
    const instance = this.instances.get(name);
    if (instance === undefined) return { is: 'none' };
    return { is: 'there', stand: { id: name, inTraffic: !instance.takenOut, takenOut: instance.takenOut } };
  }

  #set(call: string, id: string, takenOut: boolean): void {
    this.calls.push(`${call} ${id}`);
    this.instances.set(id, { takenOut });
  }

  #at(name: string): Pod {
    const pod = this.#pods.get(name);
    if (pod === undefined)
      throw new KubernetesFailure('WORKLOAD_NOT_FOUND', `There is no pod ${name}.`, { status: 404 });
    return pod;
  }

  #patch(name: string, body: unknown): Pod {
    const pod = this.#at(name);
    const { metadata } = body as { metadata: { uid: string; annotations: Record<string, string | null> } };
    if (metadata.uid !== pod.metadata.uid)
      throw new KubernetesFailure('PATCH_REFUSED', 'Invalid value: metadata.uid', { status: 422 });
    const merged = Object.entries({ ...pod.metadata.annotations, ...metadata.annotations });
    const annotations = Object.fromEntries(merged.filter(([, value]) => value !== null));
    return this.#saw({ ...pod, metadata: { ...pod.metadata, annotations } } as Pod);
  }

  #saw(pod: Pod): Pod {
    this.#version += 1;
    const seen = { ...pod, metadata: { ...pod.metadata, resourceVersion: String(this.#version) } };
    this.#pods.set(pod.metadata.name, seen);
    return seen;
  }
}
