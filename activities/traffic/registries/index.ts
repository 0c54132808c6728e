import type { RegistryKey, RegistryRulesOf, RegistrySource } from '../../../workflows/contract/registries.schema.ts';
import { registryEntry } from '../../../workflows/contract/traffic.ts';
import { RegistryClient } from './client.ts';
import { etcdRegistry } from './etcd.ts';
import { eurekaRegistry } from './eureka.ts';
import type { Registry } from './registry.ts';

type Adapters = { readonly [K in RegistryKey]: (rules: RegistryRulesOf<K>, client: RegistryClient) => Registry };

/** The registry of registries: one adapter for each key of the spec. */
const adapters: Adapters = { eureka: eurekaRegistry, etcd: etcdRegistry };

/** A registry as its rules say, and the client that bounds the calls to its server. */
export interface OpenRegistry {
  readonly registry: Registry;
  readonly client: RegistryClient;
}

export function openRegistry(source: RegistrySource, signal: AbortSignal): OpenRegistry {
  const { key, rules } = registryEntry(source);
  const client = new RegistryClient(rules, signal);
  const open = adapters[key] as (rules: RegistryRulesOf<RegistryKey>, client: RegistryClient) => Registry;
  return { registry: open(rules as RegistryRulesOf<RegistryKey>, client), client };
}
