import type { RegistryRulesOf } from '../../../workflows/contract/registries.schema.ts';
import type { RegistryClient } from './client.ts';
import { RegistryFailure } from './failure.ts';
import { type Listed, lookAmong, placeMark } from './instances.ts';
import type { Registry, Stand } from './registry.ts';

/** What of an instance is read: https://github.com/Netflix/eureka/wiki/Eureka-REST-operations */
interface EurekaInstance {
  readonly instanceId: string;
  readonly ipAddr: string;
  readonly status: string;
  /** UNKNOWN: nobody has set one. Servers spell it both ways. */
  readonly overriddenStatus?: string;
  readonly overriddenstatus?: string;
  readonly port?: { readonly $: number; readonly '@enabled': string };
  readonly securePort?: { readonly $: number; readonly '@enabled': string };
  readonly metadata?: Readonly<Record<string, unknown>>;
}

const out = 'OUT_OF_SERVICE';
const none = 'UNKNOWN';

/**
 * Eureka, by its status override: it outlives heartbeats and a new registration, and leaves the instance's own status,
 * metadata and lease alone. The list of instances is up to 30 s old (the server's response cache); how one stands is
 * read from the registry itself.
 *
 * It is forgotten with an instance that takes itself off. A place is an instance of our own under that id with the override, whose lease nobody
 * renews, so that it expires after 90 s: whoever registers there has the override, and all else as it says itself
 * (AbstractInstanceRegistry.register).
 *
 * Servers tell their peers of each write by itself. One that has not heard of a registration hears of it with the next heartbeat, whose
 * `lastDirtyTimestamp` is not that of what it has; but a change of the status brings that time, too, and it would have our place for good. So
 * whoever is put back is told to the peers once more, as a change of no metadata (InstanceResource.updateMetadata).
 */
export function eurekaRegistry({ service, instance }: RegistryRulesOf<'eureka'>, client: RegistryClient): Registry {
  const application = `/apps/${encodeURIComponent(service.toUpperCase())}`;
  const at = (id: string): string => `${application}/${encodeURIComponent(id)}`;
  const override = (id: string, value: string) =>
    client
      .call({ method: 'PUT', path: `${at(id)}/status`, query: { value } })
      .then((answer) => must(answer.status, id));
  const tellPeers = async (id: string) =>
    must((await client.call({ method: 'PUT', path: `${at(id)}/metadata` })).status, id);

  return {
    look: (pods) =>
      lookAmong(
        {
          async all() {
            const { status, text } = await client.call({ method: 'GET', path: application });
            if (status === 404) return [];
            return list(field(field(read(text), 'application'), 'instance')).map(listed);
          },
          async one(id) {
            const { status, text } = await client.call({ method: 'GET', path: at(id) });
            return status === 404 ? undefined : standOf(field(read(text), 'instance') as EurekaInstance);
          },
        },
        instance,
        pods,
      ),
    takeOut: ({ id }) => override(id, out),
    async hold({ id, state = {} }, { uid, pod }) {
      const place = {
        instanceId: id,
        hostName: pod.status?.podIP ?? '',
        app: service.toUpperCase(),
        ipAddr: pod.status?.podIP ?? '',
        vipAddress: service,
        // For callers of a peer that hears of the status before the registration.
        ...(JSON.parse(state['ports'] ?? '{}') as object),
        status: out,
        overriddenstatus: out,
        // Older than any other: what the application has registered meanwhile stays.
        lastDirtyTimestamp: '1',
        dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
        metadata: { [placeMark]: uid },
      };
      const headers = { 'content-type': 'application/json' };
      await client.call({ method: 'POST', path: application, headers, body: JSON.stringify({ instance: place }) });
    },
    async putBack({ id, held }, before) {
      if (held === 'place') return void (await client.call({ method: 'DELETE', path: at(id) }));
      const { status = 'UP', override: was = none } = before.state ?? {};
      // Without a status it would be UNKNOWN until the instance registers again.
      const query = { value: before.inTraffic ? 'UP' : status };
      if (was !== none) await override(id, was);
      else must((await client.call({ method: 'DELETE', path: `${at(id)}/status`, query })).status, id);
      await tellPeers(id);
    },
    async services() {
      const { text } = await client.call({ method: 'GET', path: '/apps' });
      return list(field(field(read(text), 'applications'), 'application')).flatMap((one) => {
        const name = field(one, 'name');
        return typeof name === 'string' ? [name] : [];
      });
    },
  };
}

/** An instance that has gone meanwhile is looked for anew. */
function must(status: number, id: string): void {
  if (status === 404) throw new RegistryFailure(`Eureka has no instance ${id} any more.`);
}

function listed(value: unknown): Listed {
  const { instanceId, ipAddr, port, securePort, metadata = {} } = value as EurekaInstance;
  const open = [port, securePort].find((one) => one?.['@enabled'] === 'true');
  const texts = Object.entries(metadata).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : []));
  const isPlace = placeMark in metadata;
  return { id: instanceId, ip: ipAddr, port: open?.$, metadata: Object.fromEntries(texts), isPlace };
}

function standOf(instance: EurekaInstance): Stand {
  const { instanceId, status, port, securePort } = instance;
  const override = instance.overriddenStatus ?? instance.overriddenstatus ?? none;
  const held = placeMark in (instance.metadata ?? {}) ? { held: 'place' as const } : {};
  return {
    id: instanceId,
    inTraffic: status === 'UP',
    takenOut: override === out,
    ...held,
    state: { status, override, ports: JSON.stringify({ port, securePort }) },
  };
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RegistryFailure(
      'What is at `server` does not answer as Eureka does.',
      'Write the address that clients of Eureka have, such as http://eureka:8761/eureka.',
    );
  }
}

/** One that has a single element may stand without brackets. */
const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

const field = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && key in value ? (value as Record<string, unknown>)[key] : undefined;
