import type { RegistryKey, RegistryRulesOf, RegistrySource } from '../../../workflows/contract/registries.schema.ts';
import { registryEntry } from '../../../workflows/contract/traffic.ts';
import type { TrafficDeps } from '../../ports.ts';
import { RegistryClient } from './client.ts';
import { consulRegistry } from './consul.ts';
import { dubboRegistry } from './dubbo.ts';
import { etcdRegistry } from './etcd.ts';
import { eurekaRegistry } from './eureka.ts';
import { execRegistry } from './exec.ts';
import { nacosRegistry } from './nacos.ts';
import type { Registry } from './registry.ts';
import type { RegistryServer } from './server.ts';
import { webhookRegistry } from './webhook.ts';
import { ZooKeeperClient } from './zookeeper/client.ts';

type Adapters = { readonly [K in RegistryKey]: (rules: RegistryRulesOf<K>, deps: TrafficDeps) => OpenRegistry };

/** A registry as its rules say. */
export interface OpenRegistry {
  readonly registry: Registry;
  /** For how long no call to it is let through, ms; 0: they are. */
  readonly closedMs: () => number;
}

/** The registry of registries: one adapter for each key of the spec. */
const adapters: Adapters = {
  eureka: overHttp(eurekaRegistry),
  etcd: overHttp(etcdRegistry),
  consul: overHttp(consulRegistry),
  webhook: overHttp(webhookRegistry),
  nacos: overHttp(nacosRegistry),
  exec: execRegistry,
  dubbo(rules, { signal }) {
    const client = new ZooKeeperClient(rules, signal);
    return { registry: dubboRegistry(rules, client), closedMs: () => client.pace.closedMs };
  },
};

export function openRegistry(source: RegistrySource, deps: TrafficDeps): OpenRegistry {
  const { key, rules } = registryEntry(source);
  const open = adapters[key] as (rules: unknown, deps: TrafficDeps) => OpenRegistry;
  return open(rules, deps);
}

/** One that is called by HTTP, by a client that bounds the calls to its server. */
function overHttp<R extends RegistryServer>(registryOf: (rules: R, client: RegistryClient) => Registry) {
  return (rules: R, { signal }: TrafficDeps): OpenRegistry => {
    const client = new RegistryClient(rules, signal);
    return { registry: registryOf(rules, client), closedMs: () => client.pace.closedMs };
  };
}
