import { commandText } from './commandText.ts';
import { milliseconds } from './quantity.ts';
import type { AnyRegistryRules, RegistryKey, RegistrySource } from './registries.schema.ts';
import type { TrafficSource } from './traffic.schema.ts';

/** A source of `traffic.through` that is a service registry: its key, and what stands under it. */
export interface RegistryEntry {
  readonly key: RegistryKey;
  readonly rules: AnyRegistryRules;
}

/** Where a registry with a server has the service; without more the service's name alone says which it is. */
interface Addressed {
  readonly server: string;
  readonly service: string;
  readonly datacenter?: string | undefined;
  readonly root?: string | undefined;
  readonly namespace?: string | undefined;
  readonly group?: string | undefined;
}

/** Undefined for a source that is Kubernetes' own. */
export const registryOf = (source: TrafficSource): RegistryEntry | undefined =>
  'service' in source || 'readinessGate' in source ? undefined : registryEntry(source);

export function registryEntry(source: RegistrySource): RegistryEntry {
  const [key, rules] = Object.entries(source)[0] ?? [];
  return { key: key as RegistryKey, rules: rules as RegistryEntry['rules'] };
}

/** Registries in which every instance has a weight, by which callers share their calls out: their adapters have `weights`. */
export const weighing: ReadonlySet<RegistryKey> = new Set(['nacos', 'dubbo', 'webhook']);

/** Whether a pod that is back there may get its callers little by little. */
export const hasWeights = (source: TrafficSource): boolean => {
  const registry = registryOf(source);
  return registry !== undefined && weighing.has(registry.key);
};

/** So long callers may go on with what they found there before. */
export function callersCacheMs(source: TrafficSource): number {
  const registry = registryOf(source);
  return registry === undefined ? 0 : milliseconds(registry.rules.callersCache);
}

/** For people: `service checkout`, `nacos public/DEFAULT_GROUP/checkout at http://nacos:8848/nacos`, `exec /traffic offline in app`. */
export function sourceText(source: TrafficSource): string {
  const registry = registryOf(source);
  if (registry === undefined) return Object.entries(source).flat().join(' ');
  const { key, rules } = registry;
  if (!('server' in rules)) return `${key} ${commandText(rules.offline)} in ${rules.container}`;
  const { datacenter, root, namespace, group, service, server }: Addressed = rules;
  const path = [datacenter, root, namespace, group, service].filter((part) => part !== undefined).join('/');
  return `${key} ${path} at ${withoutUser(server)}`;
}

/** `service checkout, readinessGate example.com/gate`. */
export const throughText = (through: readonly TrafficSource[]): string =>
  through.map(sourceText).join(', ') || 'nothing';

/** Somebody may have written a password into the address all the same. */
const withoutUser = (server: string): string => server.replace(/\/\/[^/@]*@/, '//');
