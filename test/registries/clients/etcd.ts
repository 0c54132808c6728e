import { setTimeout as sleep } from 'node:timers/promises';
import { port, type RegistryClients } from './client.ts';

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (text: string): string => Buffer.from(text, 'base64').toString();
/** The end of the range of all keys that begin with it. */
const after = (prefix: string): string =>
  `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`;
const rangeOf = (prefix: string) => ({ key: encode(prefix), range_end: encode(after(prefix)) });

/**
 * Instances as gRPC's naming of etcd writes them, each with a lease, and callers that watch both prefixes, instances and flags. They hear at
 * once; when the watch breaks they go on with what they know, and begin anew with what is there by then.
 */
export function etcdClients(address: string): RegistryClients {
  const post = (path: string, body: object, signal?: AbortSignal): Promise<Response> =>
    fetch(`${address}/v3/${path}`, { method: 'POST', body: JSON.stringify(body), ...(signal && { signal }) });
  const keysOf = async (prefix: string): Promise<readonly string[]> => {
    const answer = await post('kv/range', { ...rangeOf(prefix), keys_only: true }, AbortSignal.timeout(2_000));
    if (!answer.ok) throw new Error(`etcd: ${answer.status}`);
    const { kvs = [] } = (await answer.json()) as { kvs?: readonly { key: string }[] };
    return kvs.map(({ key }) => decode(key));
  };
  return {
    caches: 'watch the instances and the flags, and hear at once',
    callersCache: '2s',
    registration: (at, service) => {
      const call = (path: string, body: object, more: object = {}) => ({
        method: 'POST',
        url: `${at}/v3/${path}`,
        body: JSON.stringify(body),
        ...more,
      });
      const lease = '{number}';
      const base64 = {
        KEY: `${prefixOf(service)}{pod}-${port}`,
        VALUE: JSON.stringify({ Addr: `{ip}:${port}`, Metadata: { weight: '7' } }),
      };
      const put = call('kv/put', { key: '{KEY}', value: '{VALUE}', lease }, { base64 });
      const revoke = call('lease/revoke', { ID: lease }, { optional: true });
      return {
        register: [revoke, call('lease/grant', { ID: lease, TTL: 10 }), put],
        beat: [call('lease/keepalive', { ID: lease }, { expect: '"TTL"' })],
        leave: [revoke],
        everyMs: 1_000,
      };
    },
    async follow(service, tell, signal) {
      const [instances, flags] = [prefixOf(service), `/disabled${prefixOf(service)}`];
      const values = async (): Promise<void> => {
        const off = new Set((await keysOf(flags)).map((key) => key.replace('/disabled', '')));
        const answer = await post('kv/range', rangeOf(instances), AbortSignal.timeout(2_000));
        const { kvs = [] } = (await answer.json()) as { kvs?: readonly { key: string; value: string }[] };
        const on = kvs.filter(({ key }) => !off.has(decode(key)));
        tell(on.map(({ value }) => (JSON.parse(decode(value)) as { Addr: string }).Addr));
      };
      const watch = async (prefix: string): Promise<void> => {
        while (!signal.aborted) {
          const { body } = await post('watch', { create_request: rangeOf(prefix) }, signal);
          // Whatever it tells, both are read anew: the first line says that it watches from now on.
          for await (const _ of body ?? []) await values();
        }
      };
      const keepOn = async (prefix: string): Promise<void> => {
        while (!signal.aborted) {
          await watch(prefix).catch(() => undefined);
          await sleep(200, undefined, { signal }).catch(() => undefined);
        }
      };
      await values();
      void keepOn(instances);
      void keepOn(flags);
    },
  };
}

const prefixOf = (service: string): string => `/services/${service}/`;
