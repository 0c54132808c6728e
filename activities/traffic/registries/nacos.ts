import type { RegistryRulesOf } from '../../../workflows/contract/registries.schema.ts';
import type { RegistryCall, RegistryClient } from './client.ts';
import { RegistryFailure } from './failure.ts';
import { type Listed, lookAmong } from './instances.ts';
import { loggedIn } from './login.ts';
import type { Registry, Stand, Weight } from './registry.ts';

/** What of an instance is read; the same in all versions of the API. */
interface NacosInstance {
  readonly ip: string;
  readonly port: number;
  readonly clusterName: string;
  readonly weight: number;
  readonly healthy: boolean;
  readonly enabled: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
}

interface Api {
  readonly login: string;
  /** Lists those that are out, too; what callers ask does not. */
  readonly instances: string;
  readonly services: string;
  /** Changes some fields of an instance and leaves the others as they are. */
  readonly update: Pick<RegistryCall, 'method' | 'path'>;
}

/** https://nacos.io/docs/v1/open-api/, …/v2/guide/user/open-api/, …/v3.0/manual/admin/admin-api/ */
const apis: Readonly<Record<RegistryRulesOf<'nacos'>['api'], Api>> = {
  v1: {
    login: '/v1/auth/login',
    instances: '/v1/ns/catalog/instances',
    services: '/v1/ns/service/list',
    update: { method: 'PATCH', path: '/v1/ns/instance' },
  },
  v2: {
    login: '/v1/auth/login',
    instances: '/v2/ns/catalog/instances',
    services: '/v2/ns/service/list',
    update: { method: 'PATCH', path: '/v2/ns/instance' },
  },
  v3: {
    login: '/v3/auth/user/login',
    instances: '/v3/admin/ns/instance/list',
    services: '/v3/admin/ns/service/list',
    update: { method: 'PUT', path: '/v3/admin/ns/instance/partial' },
  },
};

/** Nacos cuts longer pages. */
const pageSize = 500;

/** Whether a server lists who is out, as Nacos does. Of one that does not (rnacos), nobody who is out would be found again. */
const listsThoseOut = new Map<string, boolean>();

/**
 * Nacos, by `enabled`: an instance that is not stays registered, heartbeats do not change it, and callers are not told of it.
 * Only that field is written, and the weight as it is or as a warm-up wants it: what else a person or the application has set stays theirs.
 */
export function nacosRegistry(
  { api, namespace, group, clusters, service, instance, credentials }: RegistryRulesOf<'nacos'>,
  client: RegistryClient,
): Registry {
  const at = apis[api];
  const call = loggedIn(client, credentials, async ({ name, password }) => {
    const { text } = await client.call({
      method: 'POST',
      path: at.login,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ username: name, password }).toString(),
    });
    const token = field(read(text), 'accessToken');
    if (typeof token !== 'string') throw strange();
    return token;
  });
  const named: Readonly<Record<string, string>> =
    api === 'v3'
      ? { namespaceId: namespace, groupName: group, serviceName: service }
      : { namespaceId: namespace, serviceName: `${group}@@${service}` };

  /** A cluster without instances is not known to the server. */
  const inCluster = async (clusterName: string): Promise<readonly NacosInstance[]> => {
    const all: NacosInstance[] = [];
    for (let page = 1; ; page += 1) {
      const query = { ...named, clusterName, pageNo: String(page), pageSize: String(pageSize) };
      const { status, text } = await call({ method: 'GET', path: at.instances, query });
      if (status === 404) return all;
      const found = listIn(read(text), ['list', 'instances']) as readonly NacosInstance[];
      all.push(...found.filter((one) => one.clusterName === clusterName));
      // v3 has no pages here.
      if (found.length !== pageSize) return all;
    }
  };
  const update = async ({ id, state = {}, ...now }: Stand, enabled: boolean, given?: Weight): Promise<void> => {
    const { ip = '', port = '', cluster = '' } = state;
    const weight = String(given?.is ?? now.weight ?? '');
    // Each API knows one of the two names of the cluster. Without its weight it would have the default one; without metadata v2 refuses.
    const change = { ip, port, cluster, clusterName: cluster, weight, enabled: String(enabled), metadata: '' };
    const { status } = await call({ ...at.update, query: { ...named, ...change } });
    if (status === 404) throw new RegistryFailure(`Nacos has no instance ${id} any more.`);
  };

  return {
    forgets: true,
    async look(pods) {
      const found = new Map((await Promise.all(clusters.map(inCluster))).flat().map((one) => [idOf(one), one]));
      const listing = {
        all: async () => [...found.values()].map(listed),
        async one(id: string) {
          const one = found.get(id);
          return one && standOf(one);
        },
      };
      return lookAmong(listing, instance, pods);
    },
    async takeOut(stand) {
      if (listsThoseOut.get(client.server) === false) throw hides();
      await update(stand, false);
      if (listsThoseOut.has(client.server)) return;
      const isListed = (await inCluster(stand.state?.['cluster'] ?? '')).some((one) => idOf(one) === stand.id);
      listsThoseOut.set(client.server, isListed);
      if (isListed) return;
      await update(stand, true);
      throw hides();
    },
    putBack: (now, _before, weight) => update(now, true, weight),
    // It rounds up what is less than 0.01.
    weights: { decimals: 2, set: (now, weight) => update(now, !now.takenOut, weight) },
    async services() {
      const names: string[] = [];
      for (let page = 1; ; page += 1) {
        const pages = { pageNo: String(page), pageSize: String(pageSize) };
        // v3 finds groups that have this in their name.
        const query = { namespaceId: namespace, groupName: group, groupNameParam: group, ...pages };
        const { status, text } = await call({ method: 'GET', path: at.services, query });
        if (status === 404) throw strange();
        const found = listIn(read(text), ['doms', 'services', 'pageItems']);
        for (const one of found) {
          if (typeof one === 'string') names.push(one);
          else if (field(one, 'groupName') === group) names.push(String(field(one, 'name')));
        }
        if (found.length < pageSize) return names;
      }
    },
  };
}

/** As Nacos itself tells them apart: ip:port:cluster. */
const idOf = ({ ip, port, clusterName }: NacosInstance): string => `${ip}:${port}:${clusterName}`;

const listed = (one: NacosInstance): Listed => ({
  id: idOf(one),
  ip: one.ip,
  port: one.port,
  metadata: one.metadata ?? {},
});

function standOf(one: NacosInstance): Stand {
  const { ip, port, clusterName, weight, healthy, enabled } = one;
  return {
    id: idOf(one),
    inTraffic: enabled && healthy && weight > 0,
    takenOut: !enabled,
    weight,
    state: { ip, port: String(port), cluster: clusterName },
  };
}

/** The list in an answer: v2 and v3 put what v1 says under `data`, and leave out a list without anything. */
function listIn(answer: unknown, names: readonly string[]): readonly unknown[] {
  const data = field(answer, 'data') ?? answer;
  const list = Array.isArray(data) ? data : names.map((name) => field(data, name)).find(Array.isArray);
  return (list as readonly unknown[] | undefined) ?? [];
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw strange();
  }
}

const hides = (): RegistryFailure =>
  new RegistryFailure(
    'What is at `server` does not list instances that are out, as Nacos does: they could not be put back.',
    'Drain another way, by `service` or a readiness gate.',
  );

const strange = (): RegistryFailure =>
  new RegistryFailure(
    'What is at `server` does not answer as Nacos does.',
    'Write its address with the context path, such as http://nacos:8848/nacos, and the `api` that it has: v1 (Nacos 1 and 2), v2 or v3 (Nacos 3).',
  );

const field = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && key in value ? (value as Record<string, unknown>)[key] : undefined;
