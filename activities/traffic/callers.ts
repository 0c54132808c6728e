import { countOf, humanDuration } from '../../workflows/contract/quantity.ts';
import { KubernetesFailure } from '../kubernetes/kubernetesFailure.ts';
import { pods } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { Sight } from './sight.ts';
import type { Inbound } from './sockets.ts';

/** Addresses that are named one by one; connections that are. */
const mostNamed = 3;
const nameMemoryMs = 60_000;
const rememberedNames = 10_000;

type Seen = Extract<Sight, { readonly kind: 'seen' }>;

/** By connection, when it was seen first, ms since 1970: nobody else tells how old one is. */
export type FirstSeen = ReadonlyMap<string, number>;

const keyOf = ({ remote, port }: Inbound): string => `${remote} to port ${port}`;

export const firstSeen = (before: FirstSeen | undefined, { callers, fromNode }: Seen, atMs: number): FirstSeen =>
  new Map([...callers, ...fromNode].map(keyOf).map((key) => [key, before?.get(key) ?? atMs]));

/** Says who is connected: `3 connections left: 2 from 10.0.0.5 (pod web-1), 1 from its node; the oldest seen for 2m (…)`. */
export type Describe = (kube: Connection, pod: Pod, seen: Seen, since: FirstSeen) => Promise<string>;

/** Remembers for a minute which pod has which address; one for the life of a worker. */
export function createDescribe(): Describe {
  const names = new Map<string, { readonly name: string | undefined; readonly untilMs: number }>();

  /** The pod of the namespace with that address. */
  const nameOf = async (kube: Connection, namespace: string, address: string): Promise<string | undefined> => {
    const key = `${namespace}/${address}`;
    const known = names.get(key);
    if (known !== undefined && known.untilMs > Date.now()) return known.name;
    const found = await kube.list(pods, { namespace, fieldSelector: `status.podIP=${address}` }).catch(nobody);
    // A pod in the network of its node has the address of all that are.
    const [only, ...others] = found?.items ?? [];
    const name = others.length === 0 ? only?.metadata.name : undefined;
    if (names.size >= rememberedNames) names.clear();
    names.set(key, { name, untilMs: Date.now() + nameMemoryMs });
    return name;
  };

  return async (kube, { metadata: { namespace = '' } }, { callers, fromNode }, since) => {
    const all = [...callers, ...fromNode];
    if (all.length === 0) return 'connections still came and went';
    const counts = new Map<string, number>();
    for (const { address } of callers) counts.set(address, (counts.get(address) ?? 0) + 1);
    const groups = [...counts].toSorted(([, a], [, b]) => b - a);
    const named = await Promise.all(
      groups.slice(0, mostNamed).map(async ([address, count]) => {
        const name = await nameOf(kube, namespace, address);
        return `${count} from ${address}${name === undefined ? '' : ` (pod ${name})`}`;
      }),
    );
    const rest = groups.slice(mostNamed);
    const others = rest.reduce((sum, [, count]) => sum + count, 0);
    const from = [
      ...named,
      ...(others > 0 ? [`${others} from ${rest.length} more`] : []),
      ...(fromNode.length > 0 ? [`${fromNode.length} from its node`] : []),
    ];
    const ageMs = Date.now() - Math.min(...all.map((one) => since.get(keyOf(one)) ?? Date.now()));
    const some = all.slice(0, mostNamed).map(keyOf).join(', ');
    return `${countOf(all.length, 'connection')} left: ${from.join(', ')}; ${all.length === 1 ? '' : 'the oldest '}seen for ${humanDuration(ageMs)} (${some}${all.length > mostNamed ? ', …' : ''})`;
  };
}

function nobody(error: unknown): undefined {
  if (!(error instanceof KubernetesFailure)) throw error;
}
