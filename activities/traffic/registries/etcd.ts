import { isIP } from 'node:net';
import type { RegistryRulesOf } from '../../../workflows/contract/registries.schema.ts';
import type { RegistryClient } from './client.ts';
import { RegistryFailure } from './failure.ts';
import { type Listed, lookAmong } from './instances.ts';
import type { Registry, Stand } from './registry.ts';

/** A key with its value, as the JSON gateway of etcd v3 writes it: base64. */
interface KeyValue {
  readonly key: string;
  readonly value?: string;
}

/**
 * Instances under keys of etcd, each kept by its application with a lease. The instance's own key is never touched: its
 * owner writes it again when it likes. A key beside it is the flag; it has no lease, so it outlives the instance.
 */
export function etcdRegistry({ service, flag, instance }: RegistryRulesOf<'etcd'>, client: RegistryClient): Registry {
  const keyOf = (id: string): string => `${service}${id}`;
  const flagOf = (id: string): string => flag.replace('{key}', keyOf(id));
  const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const { status, text } = await client.call({ method: 'POST', path: `/v3/kv/${path}`, body: JSON.stringify(body) });
    if (status === 404) throw strange();
    return read(text);
  };
  const underneath = (prefix: string) => ({ key: encode(prefix), range_end: encode(endOf(prefix)) });

  /** All instances and all flags as they are at one moment: one call, however many pods are asked about. */
  async function survey(): Promise<{ readonly there: readonly KeyValue[]; readonly flags: ReadonlySet<string> }> {
    const [beforeKey = ''] = flag.split('{key}');
    const success = [underneath(service), { ...underneath(`${beforeKey}${service}`), keys_only: true }];
    const { responses = [] } = (await post('txn', {
      success: success.map((request_range) => ({ request_range })),
    })) as { responses?: readonly { response_range?: object }[] };
    const [there = [], flags = []] = responses.map(({ response_range: found = {} }) => keyValues(found));
    return { there, flags: new Set(flags.map(({ key }) => decode(key))) };
  }

  const unflag = async ({ id }: Stand): Promise<void> => {
    await post('deleterange', { key: encode(flagOf(id)) });
  };

  return {
    async look(pods) {
      const { there, flags } = await survey();
      const known = new Map(there.map((one) => listed(service, one)).map((one) => [one.id, one]));
      const listing = {
        all: () => Promise.resolve([...known.values()]),
        async one(id: string): Promise<Stand | undefined> {
          if (!known.has(id)) return undefined;
          const takenOut = flags.has(flagOf(id));
          return { id, inTraffic: !takenOut, takenOut };
        },
      };
      return lookAmong(listing, instance, pods);
    },
    async takeOut({ id }) {
      await post('put', { key: encode(flagOf(id)), value: encode('out of traffic by sluice') });
    },
    putBack: unflag,
    forget: unflag,
    /** What stands beside it: `/services/checkout/` of `/services/chekout/`. */
    async services() {
      const parent = service.replace(/[^/]+\/?$/, '');
      const found = await post('range', { ...underneath(parent), keys_only: true, limit: 10_000 });
      const names = keyValues(found).map(({ key }) => `${parent}${decode(key).slice(parent.length).split('/')[0]}/`);
      return [...new Set(names)];
    },
  };
}

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (text: string): string => Buffer.from(text, 'base64').toString();

/** The first key after all that begin with `prefix`, which is text. */
function endOf(prefix: string): string {
  if (prefix === '') return '\0';
  return `${prefix.slice(0, -1)}${String.fromCodePoint((prefix.codePointAt(prefix.length - 1) ?? 0) + 1)}`;
}

/** `10.0.0.7:8080`, or JSON with `Addr`, `addr`, `address`, `host` or `ip`, and `port`; as gRPC's naming and most others write it. */
function listed(service: string, { key, value = '' }: KeyValue): Listed {
  const text = decode(value);
  const fields = fieldsOf(text);
  const address = ['Addr', 'addr', 'address', 'host', 'ip']
    .map((name) => fields[name])
    .find((one) => one !== undefined);
  const { ip, port } = addressIn(address ?? text);
  const metadata = { ...fields, ...fieldsOf(fields['Metadata'] ?? fields['metadata'] ?? '') };
  return {
    id: decode(key).slice(service.length),
    ip,
    port: Number(fields['port'] ?? port) || undefined,
    metadata,
  };
}

/** `10.0.0.7:8080`, `[fd00::7]:8080`, or an address alone. */
function addressIn(text: string): { readonly ip: string; readonly port?: string } {
  if (isIP(text) > 0) return { ip: text };
  const [, ip, port] = /^\[?(.*?)\]?:(\d+)$/.exec(text) ?? [];
  return ip === undefined || port === undefined ? { ip: text } : { ip, port };
}

/** The fields of a JSON object as texts; of anything else none. */
function fieldsOf(text: string): Readonly<Record<string, string>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return {};
    const entries = Object.entries(value).map(([key, field]: [string, unknown]) => [
      key,
      typeof field === 'string' ? field : JSON.stringify(field),
    ]);
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}

const keyValues = (answer: object): readonly KeyValue[] =>
  'kvs' in answer && Array.isArray(answer.kvs) ? (answer.kvs as readonly KeyValue[]) : [];

function read(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw strange();
  }
}

const strange = (): RegistryFailure =>
  new RegistryFailure(
    'What is at `server` does not answer as etcd does.',
    'Write the client address of etcd, such as http://etcd:2379; its JSON gateway must be on, as it is by default.',
  );
