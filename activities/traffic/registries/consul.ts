import type { RegistryRulesOf } from '../../../workflows/contract/registries.schema.ts';
import type { RegistryClient } from './client.ts';
import { excerpt, RegistryFailure } from './failure.ts';
import { type Listed, lookAmong, placeMark } from './instances.ts';
import type { Registry, Stand } from './registry.ts';

/** What of an instance is read: https://developer.hashicorp.com/consul/api-docs/health#list-service-instances-for-service */
interface Entry {
  readonly Node: { readonly Node: string; readonly Address: string };
  readonly Service: {
    readonly ID: string;
    readonly Address?: string;
    readonly Port?: number;
    readonly Meta?: Readonly<Record<string, string>> | null;
    readonly ModifyIndex: number;
  };
  readonly Checks: readonly Check[];
}

interface Check {
  readonly CheckID: string;
  readonly Status: string;
  readonly Notes?: string;
}

/** What one agent has of the service, by id. */
interface Known {
  readonly services: ReadonlySet<string>;
  /** With their notes: of maintenance its reason. */
  readonly checks: ReadonlyMap<string, string>;
}

/** What an agent calls the check by which it marks an instance: agent/structs of Consul. */
const maintenanceOf = (id: string): string => `_service_maintenance:${id}`;

/** The note of that check where it is in the catalog alone. */
const holding = 'its place is held by sluice while it starts anew';

/**
 * Consul, by service maintenance: a critical check beside the instance's own, which its agent keeps, also when the agent is
 * started anew. The agent of an instance alone can set it, so that is who is asked how it stands; what callers see is asked of
 * the servers, whom the agent tells within moments.
 *
 * An agent forgets it with an instance that takes itself off. A place is held in the catalog of the servers: the agent that registers there
 * anew leaves the check beside it, and takes away what is not its own at its next full comparison, which is once in one or a few minutes
 * (anti-entropy, agent/local/state.go).
 */
export function consulRegistry(
  { server, service, datacenter, agent, instance }: RegistryRulesOf<'consul'>,
  client: RegistryClient,
): Registry {
  const dc = datacenter === undefined ? {} : { dc: datacenter };
  const get = async (
    from: RegistryClient,
    path: string,
    query: Readonly<Record<string, string>> = {},
  ): Promise<object> => {
    const { status, text } = await from.call({ method: 'GET', path: `/v1/${path}`, query });
    if (status === 404) throw strange(`404 to /v1/${path}`);
    return read(text);
  };
  const agentOf = (address: string): string =>
    agent?.replace('{node}', address.includes(':') ? `[${address}]` : address) ?? server;
  const askAgent = async (from: RegistryClient): Promise<Known> => {
    const [services, checks] = await Promise.all([
      get(from, 'agent/services', { filter: `Service == ${JSON.stringify(service)}` }),
      get(from, 'agent/checks', { filter: `ServiceName == ${JSON.stringify(service)}` }),
    ]);
    const notes = Object.entries(checks as Readonly<Record<string, { readonly Notes?: string }>>);
    return {
      services: new Set(Object.keys(services)),
      checks: new Map(notes.map(([id, { Notes = '' }]) => [id, Notes])),
    };
  };
  const maintain = async ({ id, state }: Stand, reason?: string): Promise<void> => {
    const own = state?.['id'] ?? id;
    const at = state?.['agent'] ?? server;
    const path = `/v1/agent/service/maintenance/${encodeURIComponent(own)}`;
    const query = reason === undefined ? { enable: 'false' } : { enable: 'true', reason };
    const answer = await client
      .at(at)
      .call({ method: 'PUT', path, query })
      .catch((error: unknown) => {
        // With access control it is 500: https://github.com/hashicorp/consul, agent/acl.go.
        if (error instanceof RegistryFailure && error.message.includes('Unknown service')) return { status: 404 };
        throw error;
      });
    if (answer.status === 404) throw elsewhere(own, at);
  };

  /** All or nothing: https://developer.hashicorp.com/consul/api-docs/txn */
  const transact = async (...operations: readonly object[]): Promise<void> => {
    const { status } = await client.call({
      method: 'PUT',
      path: '/v1/txn',
      query: dc,
      body: JSON.stringify(operations),
    });
    if (status === 404) throw strange('404 to /v1/txn');
  };

  return {
    async look(pods) {
      const entries = list(await get(client, `health/service/${encodeURIComponent(service)}`, dc)) as readonly Entry[];
      const known = new Map(entries.map((entry) => [keyOf(entry), entry]));
      const agents = new Map<string, Promise<Known>>();
      /** What one agent has of the service, asked once a look. */
      const knownTo = (at: string): Promise<Known> => {
        const asked = agents.get(at) ?? askAgent(client.at(at));
        agents.set(at, asked);
        return asked;
      };
      return lookAmong(
        {
          all: () => Promise.resolve(entries.map(listed)),
          async one(id) {
            const entry = known.get(id) ?? onlyOne(id, entries);
            if (entry === undefined) return undefined;
            const own = entry.Service.ID;
            const at = agentOf(entry.Node.Address);
            const { services, checks } = await knownTo(at);
            // Its agent may have somebody there already, whom the catalog does not know yet.
            const isFree = isPlace(entry);
            if (!isFree && !services.has(own)) throw elsewhere(own, at);
            const reason = checks.get(maintenanceOf(own));
            const inTraffic = entry.Checks.every(({ Status }) => Status !== 'critical');
            const isHeld = reason === undefined && entry.Checks.some(isHolding);
            const state = {
              id: own,
              agent: at,
              ...(reason !== undefined && { reason }),
              ...(isFree && { index: String(entry.Service.ModifyIndex) }),
            };
            return {
              id: keyOf(entry),
              inTraffic,
              takenOut: reason !== undefined || isHeld,
              ...(isFree ? { held: 'place' } : isHeld && { held: 'instance' }),
              state,
            };
          },
        },
        instance,
        pods,
      );
    },
    takeOut: (stand, like) => maintain(stand, like?.state?.['reason'] ?? 'out of traffic by sluice'),
    async putBack(now) {
      const { Node, own } = placeOf(now);
      const { index } = now.state ?? {};
      if (now.held === undefined) return maintain(now);
      if (now.held === 'instance')
        return transact({ Check: { Verb: 'delete', Check: { Node, CheckID: maintenanceOf(own), ServiceID: own } } });
      // Only if nobody has come meanwhile.
      const Service = { ID: own, Service: service, ModifyIndex: Number(index) };
      return transact({ Service: { Verb: 'delete-cas', Node, Service } });
    },
    async hold(stand, { uid, pod }) {
      const { Node, own } = placeOf(stand);
      const Meta = { [placeMark]: uid };
      const Check = {
        Node,
        CheckID: maintenanceOf(own),
        Name: 'Service Maintenance Mode',
        Notes: holding,
        Status: 'critical',
        ServiceID: own,
        ServiceName: service,
      };
      await transact(
        // Only where nobody is.
        {
          Service: {
            Verb: 'cas',
            Node,
            Service: { ID: own, Service: service, Address: pod.status?.podIP ?? '', Meta, ModifyIndex: 0 },
          },
        },
        { Check: { Verb: 'set', Check } },
      );
    },
    services: async () => Object.keys(await get(client, 'catalog/services', dc)),
  };
}

/** Ids are those of an agent: two nodes may have the same. */
const keyOf = ({ Node, Service }: Entry): string => `${Node.Node}/${Service.ID}`;

function placeOf({ id, state = {} }: Stand): { readonly Node: string; readonly own: string } {
  const own = state['id'] ?? id;
  return { Node: id.slice(0, -own.length - 1), own };
}

const isPlace = ({ Service }: Entry): boolean => Service.Meta?.[placeMark] !== undefined;
const isHolding = ({ Notes }: Check): boolean => Notes === holding;

const listed = (entry: Entry): Listed => ({
  id: keyOf(entry),
  ip: entry.Service.Address || entry.Node.Address,
  port: entry.Service.Port,
  metadata: entry.Service.Meta ?? {},
  isPlace: isPlace(entry),
});

function onlyOne(id: string, entries: readonly Entry[]): Entry | undefined {
  const [first, ...others] = entries.filter(({ Service }) => Service.ID === id);
  if (others.length === 0) return first;
  throw new RegistryFailure(
    `${others.length + 1} nodes have an instance ${id}.`,
    'Say which one under `instance` by its port or metadata, or as `{node of Consul}/{id}`.',
  );
}

function read(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below.
  }
  throw strange(excerpt(text));
}

function list(value: object): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw strange('no list of instances');
}

const strange = (got: string): RegistryFailure =>
  new RegistryFailure(
    `What is at \`server\` does not answer as Consul does: ${got}.`,
    'Write the address of its HTTP API, such as http://consul:8500.',
  );

const elsewhere = (id: string, at: string): RegistryFailure =>
  new RegistryFailure(
    `The agent at ${at} does not have the instance ${id}.`,
    'Write into `agent` where the agent of each node answers, such as http://{node}:8500.',
  );
