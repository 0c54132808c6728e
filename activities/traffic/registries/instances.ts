import type { RegistryRules } from '../../../workflows/contract/registries.schema.ts';
import type { LivePod } from '../../ports.ts';
import { createSlots } from '../../slots.ts';
import { RegistryFailure } from './failure.ts';
import type { Found, Stand } from './registry.ts';

/** Calls under way at once for one look. */
const concurrency = 16;

/** What a place that is held has among its metadata: the UID of its pod. */
export const placeMark = 'sluice-place';

/** An instance of the service, as a list of all of them shows it. */
export interface Listed {
  readonly id: string;
  readonly ip: string;
  readonly port?: number | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** Nobody has registered there. */
  readonly isPlace?: boolean;
}

/** A registry whose service is a list of instances. */
export interface Listing {
  /** All instances of the service; it may be a little old. */
  all(): Promise<readonly Listed[]>;
  /** How one stands now; undefined: it is not registered. */
  one(id: string): Promise<Stand | undefined>;
}

/** Finds the instances of pods as `rule` says, and looks at each of them. @throws RegistryFailure without the list */
export async function lookAmong(
  listing: Listing,
  rule: RegistryRules['instance'],
  pods: readonly LivePod[],
): Promise<ReadonlyMap<string, Found>> {
  const listed = rule.id === undefined && pods.length > 0 ? await listing.all() : [];
  const slots = createSlots(concurrency);
  const found = await Promise.all(
    pods.map(async (pod): Promise<readonly [string, Found]> => {
      const ids = rule.id === undefined ? matching(listed, rule, pod) : [filled(rule.id, pod)];
      const [id, ...others] = ids;
      if (id === undefined) return [pod.name, { is: 'none' }];
      if (others.length > 0) return [pod.name, { is: 'several', ids }];
      return [pod.name, await slots(() => standing(listing, id))];
    }),
  );
  return new Map(found);
}

async function standing(listing: Listing, id: string): Promise<Found> {
  try {
    const stand = await listing.one(id);
    if (stand === undefined) return { is: 'none' };
    return stand.held === 'place' ? { is: 'none', place: stand } : { is: 'there', stand };
  } catch (error) {
    if (error instanceof RegistryFailure) return { is: 'unanswered', why: error };
    throw error;
  }
}

function matching(listed: readonly Listed[], rule: RegistryRules['instance'], pod: LivePod): readonly string[] {
  const wanted = Object.entries(rule.metadata ?? {}).map(([key, value]) => [key, filled(value, pod)] as const);
  const addresses = new Set(addressesOf(pod));
  const fits = ({ ip, port, metadata }: Listed): boolean =>
    rule.metadata === undefined
      ? addresses.has(ip) && (rule.port === undefined || rule.port === port)
      : wanted.every(([key, value]) => metadata[key] === value);
  const isOf = (one: Listed): boolean =>
    one.metadata[placeMark] === undefined ? fits(one) : one.metadata[placeMark] === pod.uid;
  const own = listed.filter(isOf);
  const registered = own.filter(({ isPlace }) => isPlace !== true);
  // One that registers under another id does not take its place.
  return (registered.length > 0 ? registered : own).map(({ id }) => id);
}

/** IPv4 and IPv6. */
function addressesOf({ pod: { status } }: LivePod): readonly string[] {
  return [
    ...(status?.podIPs ?? []).flatMap(({ ip }) => ip ?? []),
    ...(status?.podIP === undefined ? [] : [status.podIP]),
  ];
}

const filled = (template: string, { name, pod }: LivePod): string =>
  template
    .replaceAll('{pod}', name)
    .replaceAll('{namespace}', pod.metadata.namespace ?? '')
    .replaceAll('{ip}', pod.status?.podIP ?? '');
