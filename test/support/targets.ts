import { Agent, Pool } from 'undici';
import { endpointSlices } from '../../activities/kubernetes/resources.ts';
import type { Connection } from '../../activities/kubernetes/types.ts';

/** Whose endpoints. */
export interface Followed {
  readonly kube: Connection;
  readonly namespace: string;
  readonly service: string;
}

export interface Callee {
  readonly address: string;
  readonly dispatcher: Pool | Agent;
}

/** Endpoints in turn, each with its own connections. */
export class Targets {
  readonly #keepAlive: boolean;
  readonly #pools = new Map<string, Pool | Agent>();
  #addresses: readonly string[] = [];
  #turn = 0;

  constructor(keepAlive: boolean) {
    this.#keepAlive = keepAlive;
  }

  /** A pool whose endpoint has left finishes what is under way and closes its connections, as a caller's would. */
  set(addresses: readonly string[]): void {
    this.#addresses = addresses;
    for (const [address, pool] of this.#pools) {
      if (addresses.includes(address)) continue;
      this.#pools.delete(address);
      void pool.close();
    }
  }

  next(): Callee | undefined {
    this.#turn += 1;
    const address = this.#addresses[this.#turn % this.#addresses.length];
    if (address === undefined) return undefined;
    let dispatcher = this.#pools.get(address);
    if (dispatcher === undefined) {
      const options = { connections: 8, connect: { timeout: 5_000 } };
      dispatcher = this.#keepAlive ? new Pool(`http://${address}`, options) : new Agent({ ...options, pipelining: 0 });
      this.#pools.set(address, dispatcher);
    }
    return { address, dispatcher };
  }
}

/** Keeps `targets` at the ready endpoints of a Service, until `signal` aborts. */
export async function followEndpoints(options: Followed, targets: Targets, signal: AbortSignal): Promise<void> {
  const { namespace, service } = options;
  const kube = options.kube.with(signal);
  const where = { namespace, labelSelector: `kubernetes.io/service-name=${service}` };
  const slices = new Map<string, readonly string[]>();
  const publish = (): void => targets.set([...slices.values()].flat().toSorted());
  const { items, resourceVersion } = await kube.list(endpointSlices, where);
  for (const slice of items) slices.set(slice.metadata.name ?? '', addressesOf(slice));
  publish();
  const follow = async (): Promise<void> => {
    let from = resourceVersion;
    while (!signal.aborted) {
      for await (const event of kube.watch(endpointSlices, where, from)) {
        if (event.type === 'BOOKMARK') {
          from = event.resourceVersion;
          continue;
        }
        from = event.object.metadata.resourceVersion ?? from;
        const name = event.object.metadata.name ?? '';
        if (event.type === 'DELETED') slices.delete(name);
        else slices.set(name, addressesOf(event.object));
        publish();
      }
    }
  };
  follow().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

interface Slice {
  readonly ports?: readonly { readonly port?: number }[];
  /** Null where there is none. */
  readonly endpoints?:
    | readonly {
        readonly addresses: readonly string[];
        readonly conditions?: { readonly ready?: boolean };
      }[]
    | null;
}

const addressesOf = ({ endpoints, ports = [] }: Slice): readonly string[] =>
  (endpoints ?? [])
    .filter((endpoint) => endpoint.conditions?.ready !== false)
    .flatMap((endpoint) => endpoint.addresses.map((address) => `${address}:${ports[0]?.port ?? 80}`));
