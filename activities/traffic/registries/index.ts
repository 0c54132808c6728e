import type { RegistrySource } from '../../../workflows/contract/registries.schema.ts';
import { RegistryClient } from './client.ts';
import { eurekaRegistry } from './eureka.ts';
import type { Registry } from './registry.ts';

/** A registry as its rules say, and the pace of the calls to its server. */
export interface OpenRegistry {
  readonly registry: Registry;
  readonly client: RegistryClient;
}

/** The registry of registries: one adapter for each key of the spec. */
export function openRegistry(source: RegistrySource, signal: AbortSignal): OpenRegistry {
  const client = new RegistryClient(source.eureka, signal);
  return { registry: eurekaRegistry(source.eureka, client), client };
}
