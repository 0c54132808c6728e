import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** An instance as rnacos and Nacos write it; what the tests need of it. */
interface Instance {
  readonly ip: string;
  readonly port: number;
  readonly clusterName: string;
}

/**
 * rnacos as Nacos answers. rnacos has the v1 API only, and its `catalog/instances` leaves out who is out: this puts Nacos'
 * own answers before it, as the controllers of Nacos 2.5 (v1, v2) and 3.0 (v3) give them. The instances, their state and all
 * changes are those of the real rnacos; whatever is not named here goes to it as it is.
 */
export async function nacosFrontOf(origin: string): Promise<{ readonly address: string; close(): Promise<void> }> {
  const instancesOf = async (query: URLSearchParams): Promise<readonly Instance[]> => {
    const [group, name] = groupAndName(query);
    const namespace = query.get('namespaceId') ?? 'public';
    const path = `/rnacos/api/console/instances?namespaceId=${namespace}&groupName=${group}&serviceName=${name}`;
    const { list } = (await (await fetch(`${origin}${path}`)).json()) as { list: readonly Instance[] };
    return list;
  };
  const servicesOf = async (query: URLSearchParams): Promise<readonly string[]> => {
    const asked = `namespaceId=${query.get('namespaceId')}&groupName=${query.get('groupName')}&pageNo=1&pageSize=10000`;
    return ((await (await fetch(`${origin}/nacos/v1/ns/service/list?${asked}`)).json()) as { doms: readonly string[] })
      .doms;
  };
  const inCluster = async (query: URLSearchParams): Promise<readonly Instance[] | undefined> => {
    const found = (await instancesOf(query)).filter(({ clusterName }) => clusterName === query.get('clusterName'));
    return found.length === 0 ? undefined : found;
  };
  const page = <T>(all: readonly T[], query: URLSearchParams): readonly T[] => {
    const size = Number(query.get('pageSize'));
    return all.slice((Number(query.get('pageNo')) - 1) * size, Number(query.get('pageNo')) * size);
  };
  /** As `patchInstance` of InstanceOperatorClientImpl does; rnacos would make an instance that is not there. */
  const update = async (query: URLSearchParams, cluster: 'cluster' | 'clusterName'): Promise<Reply> => {
    const is = ({ ip, port, clusterName }: Instance): boolean =>
      ip === query.get('ip') && String(port) === query.get('port') && clusterName === query.get(cluster);
    if (!(await instancesOf(query)).some(is)) return missing('no matched ip found!');
    const [group, name] = groupAndName(query);
    const change = new URLSearchParams({ ...Object.fromEntries(query), serviceName: `${group}@@${name}` });
    const answer = await fetch(`${origin}/nacos/v1/ns/instance?${change.toString()}`, { method: 'PATCH' });
    return { status: answer.status, text: await answer.text() };
  };

  const answers: Readonly<Record<string, (query: URLSearchParams) => Promise<Reply>>> = {
    'GET /nacos/v1/ns/catalog/instances': async (query) => {
      const all = await inCluster(query);
      return all === undefined ? missing('cluster is not found!') : json({ count: all.length, list: page(all, query) });
    },
    'PATCH /nacos/v1/ns/instance': (query) => update(query, 'clusterName'),
    'GET /nacos/v2/ns/catalog/instances': async (query) => {
      const all = await instancesOf(query);
      const instances = page(all, query);
      return json({ code: 0, data: { ...(instances.length > 0 && { instances }), count: all.length } });
    },
    'PATCH /nacos/v2/ns/instance': async (query) =>
      ['weight', 'enabled', 'metadata'].every((name) => query.has(name))
        ? update(query, 'cluster')
        : { status: 400, text: 'Required parameter is not present' },
    'GET /nacos/v2/ns/service/list': async (query) => {
      const all = await servicesOf(query);
      return json({ code: 0, data: { count: all.length, services: page(all, query) } });
    },
    'GET /nacos/v3/admin/ns/instance/list': async (query) => {
      const all = await inCluster(query);
      return all === undefined ? missing('cluster is not found!') : json({ code: 0, data: all });
    },
    'PUT /nacos/v3/admin/ns/instance/partial': (query) => update(query, 'clusterName'),
    'GET /nacos/v3/admin/ns/service/list': async (query) => {
      const groupName = query.get('groupNameParam') ?? '';
      const all = (await servicesOf(new URLSearchParams({ ...Object.fromEntries(query), groupName }))).map((name) => ({
        name,
        groupName,
      }));
      return json({ code: 0, data: { totalCount: all.length, pageItems: page(all, query) } });
    },
  };

  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/' } = request;
    const { pathname, searchParams } = new URL(url, origin);
    const own = answers[`${method} ${pathname}`];
    if (own !== undefined) {
      const { status, text } = await own(searchParams);
      return void response.writeHead(status, { 'content-type': 'application/json' }).end(text);
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = await fetch(`${origin}${url}`, {
      method,
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
  };
  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = server.address();
  return {
    address: `http://127.0.0.1:${typeof at === 'object' && at ? at.port : 0}/nacos`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Reply {
  readonly status: number;
  readonly text: string;
}

const json = (value: object): Reply => ({ status: 200, text: JSON.stringify(value) });
const missing = (message: string): Reply => ({ status: 404, text: JSON.stringify({ code: 20004, message }) });

/** v1 and v2 write both as one, v3 apart. */
function groupAndName(query: URLSearchParams): readonly [string, string] {
  const name = query.get('serviceName') ?? '';
  const [group, rest] = name.split('@@');
  return rest === undefined ? [query.get('groupName') ?? '', name] : [group ?? '', rest];
}
