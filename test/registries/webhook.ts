import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Registered } from './conformance.ts';
import type { RestartableRegistry } from './restartable.ts';
import { type Checked, webhookDocument } from './webhookDocument.ts';

interface Instance {
  readonly id: string;
  readonly ip: string;
  readonly port: number;
  readonly metadata: Readonly<Record<string, string>>;
  takenOut: boolean;
  registered: boolean;
  weight: number;
  revision: string;
}

interface Answer {
  readonly status: number;
  readonly body: object | string;
}

/** What a call says; all fields are there that its operation has, for it was checked against the document. */
interface Said {
  readonly type: string;
  readonly service: string;
  readonly instance: string;
  readonly revision: string;
  readonly state?: string;
  readonly weight?: number;
}

const name = 'platform';

/**
 * A small platform as a company may have one, written for these tests by docs/webhook.openapi.json alone: it checks signatures, time and
 * idempotency keys, and every call and answer against the document. It takes out by weight 0, so it needs `state` to put back.
 */
export async function startWebhook(): Promise<RestartableRegistry> {
  const key = randomBytes(32);
  const document: Checked = webhookDocument();
  const services = new Map<string, Map<string, Instance>>();
  const answered = new Map<string, { readonly body: string; readonly answer: Answer }>();
  let revisions = 0;
  const of = (service: string): Map<string, Instance> => {
    const found = services.get(service) ?? new Map<string, Instance>();
    services.set(service, found);
    return found;
  };
  const shown = ({ weight, ...instance }: Instance) => ({
    ...instance,
    inTraffic: !instance.takenOut && weight > 0,
    ...(!instance.takenOut && { weight, state: String(weight) }),
  });
  const change = (instance: Instance, takenOut: boolean, weight: number): void => {
    revisions += 1;
    Object.assign(instance, { takenOut, weight, revision: `r${revisions}` });
  };

  const acts: Readonly<Record<string, (said: Said) => Answer>> = {
    services: () => ({ status: 200, body: { services: [...services.keys()] } }),
    instances: ({ service }) => ({
      status: 200,
      body: { instances: [...(services.get(service)?.values() ?? [])].map(shown) },
    }),
    'take-out': (said) =>
      written(said, (instance) => {
        if (!instance.takenOut) change(instance, true, 0);
      }),
    'put-back': (said) =>
      written(said, (instance) => {
        if (instance.takenOut) change(instance, false, said.weight ?? Number(said.state));
      }),
    weigh: (said) => written(said, (instance) => change(instance, instance.takenOut, said.weight ?? 0)),
  };
  function written({ service, instance: id, revision }: Said, act: (instance: Instance) => void): Answer {
    const instance = services.get(service)?.get(id);
    if (instance === undefined) return { status: 404, body: `no instance ${id}` };
    if (instance.revision !== revision) return { status: 409, body: `it is at revision ${instance.revision}` };
    act(instance);
    if (!instance.registered && !instance.takenOut) of(service).delete(id);
    return { status: 200, body: shown(instance) };
  }

  function answer(operation: string, headers: IncomingHttpHeaders, body: string): Answer {
    const refusal = unsigned(key, headers, body);
    if (refusal !== undefined) return { status: 401, body: refusal };
    const act = acts[operation];
    if (act === undefined) return { status: 404, body: 'no such operation' };
    const wrong = document.wrongRequest(operation, headers, body);
    if (wrong !== undefined) return { status: 400, body: wrong };
    const id = String(headers['webhook-id']);
    const before = answered.get(id);
    if (before !== undefined && before.body !== body) return { status: 422, body: `${id} was another call` };
    const now = before?.answer ?? act(JSON.parse(body) as Said);
    if (!['services', 'instances'].includes(operation)) answered.set(id, { body, answer: now });
    const fault = document.wrongAnswer(operation, now.status, now.body);
    return fault === undefined ? now : { status: 500, body: fault };
  }

  const register = ({ service, pod, ip, port, metadata }: Registered): void => {
    const id = `${pod}-${port}`;
    revisions += 1;
    const { takenOut = false, weight = 7 } = of(service).get(id) ?? {};
    const registered = true;
    of(service).set(id, { id, ip, port, metadata, takenOut, registered, weight, revision: `r${revisions}` });
  };
  /** Who is out is remembered for ten minutes, which no test takes. */
  const leave = ({ service, pod, port }: Registered): void => {
    const id = `${pod}-${port}`;
    const instance = of(service).get(id);
    revisions += 1;
    if (instance?.takenOut === true) Object.assign(instance, { registered: false, revision: `r${revisions}` });
    else of(service).delete(id);
  };
  const unknown: Answer = { status: 404, body: 'it is not registered' };
  const told = (body: string): Instance | undefined => {
    const { service, pod, port } = JSON.parse(body) as Registered;
    return of(service).get(`${pod}-${port}`);
  };
  const put = (body: string, takenOut: boolean, weight: number): Answer => {
    const found = told(body);
    if (found === undefined) return unknown;
    change(found, takenOut, weight);
    return { status: 200, body: {} };
  };
  /** The platform's own API, for applications and their callers: nothing that Sluice calls. */
  const own: Readonly<Record<string, (body: string) => Answer>> = {
    '/applications/register': (body) => {
      register(JSON.parse(body) as Registered);
      return { status: 200, body: {} };
    },
    '/applications/leave': (body) => {
      leave(JSON.parse(body) as Registered);
      return { status: 200, body: {} };
    },
    '/applications/offline': (body) => put(body, true, 0),
    '/applications/online': (body) => put(body, false, 7),
    '/applications/state': (body) => {
      const found = told(body);
      return found === undefined ? unknown : { status: 200, body: found.takenOut ? 'DOWN' : 'UP' };
    },
    '/callers/instances': (body) => {
      const { service } = JSON.parse(body) as { service: string };
      const called = [...of(service).values()].filter(({ weight }) => weight > 0);
      return { status: 200, body: { addresses: called.map(({ ip, port }) => `${ip}:${port}`) } };
    },
  };

  let listening = 0;
  const listen = async (): Promise<Server> => {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { url = '', headers } = request;
        const said = Buffer.concat(chunks).toString();
        const { status, body } = own[url]?.(said) ?? answer(url.replace('/traffic/', ''), headers, said);
        const [type, text] =
          typeof body === 'string' ? ['text/plain', body] : ['application/json', JSON.stringify(body)];
        response.writeHead(status, { 'content-type': type }).end(text);
      });
    });
    server.listen(listening, '127.0.0.1');
    await once(server, 'listening');
    const at = server.address();
    listening = typeof at === 'object' && at ? at.port : 0;
    return server;
  };
  let server = await listen();
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return {
    key: 'webhook',
    address: `http://127.0.0.1:${listening}/traffic`,
    credentials: { name, files: { secret: `whsec_${key.toString('base64')}\n` } },
    source: (url, service, more) => ({ webhook: { server: url, service, credentials: name, ...more } }),
    write: ({ url, body }) => {
      const { type, service, instance } = JSON.parse(body) as Said;
      return instance === undefined ? undefined : `${url} ${type} ${service} ${instance}`;
    },
    async register(registered) {
      const again = (): Promise<void> => Promise.resolve(register(registered));
      await again();
      return {
        beat: () => Promise.resolve(),
        again,
        leave: () => Promise.resolve(leave(registered)),
      };
    },
    instance({ service, pod, port }) {
      const found = services.get(service)?.get(`${pod}-${port}`);
      if (found === undefined) return Promise.resolve(undefined);
      const { revision: _changes, ...rest } = found;
      return Promise.resolve(rest);
    },
    isCalled({ service, pod, port }) {
      const found = services.get(service)?.get(`${pod}-${port}`);
      return Promise.resolve(found !== undefined && shown(found).inTraffic);
    },
    takeOut({ service, pod, port }) {
      const found = services.get(service)?.get(`${pod}-${port}`);
      if (found !== undefined) change(found, true, 0);
      return Promise.resolve();
    },
    weights: {
      of({ service, pod, port }) {
        const { takenOut = true, weight } = services.get(service)?.get(`${pod}-${port}`) ?? {};
        return Promise.resolve(takenOut ? undefined : weight);
      },
      set({ service, pod, port }, weight) {
        const found = services.get(service)?.get(`${pod}-${port}`);
        if (found !== undefined) change(found, found.takenOut, weight);
        return Promise.resolve();
      },
      steps: [0.7, 3.5, 7],
    },
    // It keeps what it knows, as a platform with a database does; so long nobody answers.
    async restart() {
      await close();
      await sleep(2_000);
      server = await listen();
    },
    close,
  };
}

/** Why a call is not one of ours. As Standard Webhooks says, without our code. */
function unsigned(key: Buffer, headers: IncomingHttpHeaders, body: string): string | undefined {
  const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map((part) =>
    String(headers[`webhook-${part}`]),
  );
  // NaN is not within it.
  if (!(Math.abs(Date.now() / 1_000 - Number(timestamp)) <= 300)) return 'the timestamp is not of now';
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  const known = signatures
    ?.split(' ')
    .map((text) => Buffer.from(text.replace(/^v1,/, ''), 'base64'))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected));
  return known === true ? undefined : 'the signature is not that of our secret';
}
