import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { RegistryClient } from '../../../../activities/traffic/registries/client.ts';
import type { Registry, Stand } from '../../../../activities/traffic/registries/registry.ts';
import { webhookRegistry } from '../../../../activities/traffic/registries/webhook.ts';
import { signatureHeaders } from '../../../../activities/traffic/registries/webhookSignature.ts';
import { webhookOperations } from '../../../../workflows/contract/webhookRegistry.schema.ts';
import { credentialsFolder } from '../../../registries/credentialsFolder.ts';
import { openApi, webhookDocument } from '../../../registries/webhookDocument.ts';

const credentials = credentialsFolder();
credentials.write('signs', { secret: `whsec_${Buffer.alloc(32, 7).toString('base64')}` });
const instance = { id: 'p1', ip: '10.0.0.7', inTraffic: true, takenOut: false, revision: 'r1', state: '7' };
const stand: Stand = { id: 'p1', inTraffic: true, takenOut: false, state: { revision: 'r1', state: '7' } };

/** What the platform answers next, and what it was told. */
let answer: { readonly status?: number; readonly headers?: Record<string, string>; readonly body: string };
let calls: { readonly url: string; readonly headers: IncomingHttpHeaders; readonly body: string }[];
const platform = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    calls.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(answer.status ?? 200, answer.headers).end(answer.body);
  });
});
platform.listen(0, '127.0.0.1');
await once(platform, 'listening');
const at = platform.address();
const server = `http://127.0.0.1:${typeof at === 'object' && at ? at.port : 0}/traffic`;

beforeEach(() => {
  answer = { body: '' };
  calls = [];
});
afterAll(() => {
  platform.close();
  credentials.remove();
});

let count = 0;

/** Each has an address of its own: after an answer that was too much a server is left alone for a while. */
function registry(name = 'signs'): Registry {
  count += 1;
  const common = { server: `${server}/${count}`, service: 'checkout', callsPerSecond: 1_000, credentials: name };
  const client = new RegistryClient(common, new AbortController().signal);
  return webhookRegistry({ ...common, instance: {}, missing: 'Fail', callersCache: '0s' }, client);
}

const look = () => registry().look([{ name: 'pod-1', uid: 'u1', pod: { status: { podIP: '10.0.0.7' } } as never }]);
const says = (body: unknown): void => {
  answer = { body: typeof body === 'string' ? body : JSON.stringify(body) };
};

describe('an answer that makes no sense is refused, with what came and what should have', () => {
  it.each<[string, typeof answer, RegExp]>([
    [
      'no JSON',
      { body: 'instances: none' },
      /does not answer instances as it should; it says no JSON: instances: none/,
    ],
    ['a page', { body: '<html><h1>Log in</h1></html>' }, /no JSON: Log in/],
    ['nothing', { body: '' }, /no JSON/],
    ['an error with 200', { body: '{"error":"db down"}' }, /instances: .*expected array.*db down/],
    ['null', { body: 'null' }, /all of it: .*expected object/],
    ['a list where an object should be', { body: '[]' }, /all of it: .*expected object/],
    [
      'an instance that does not say whether it is out',
      { body: JSON.stringify({ instances: [instance, { ...instance, takenOut: undefined }] }) },
      /instances\.1\.takenOut: .*expected boolean/,
    ],
    [
      'text where a boolean should be',
      { body: JSON.stringify({ instances: [{ ...instance, inTraffic: 'yes' }] }) },
      /instances\.0\.inTraffic/,
    ],
    ['more than anybody needs', { body: ' '.repeat(33 * 1024 * 1024) }, /more than 32 MiB/],
    [
      'another address',
      { status: 302, headers: { location: 'https://elsewhere.example/' }, body: '' },
      /answers POST \/instances with 302/,
    ],
    ['that there is no such path', { status: 404, body: '404 page not found' }, /404: 404 page not found/],
  ])('%s', async (_, given, why) => {
    answer = given;
    await expect(look()).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE', message: expect.stringMatching(why) });
    await expect(look()).rejects.toMatchObject({ next: expect.any(String) });
  });

  it('a write that is answered, and was not done', async () => {
    says(instance);
    await expect(registry().takeOut(stand)).rejects.toThrow('it says takenOut: false');
    says({ ...instance, takenOut: true });
    await expect(registry().putBack(stand, stand)).rejects.toThrow('it says takenOut: true');
  });

  it('fields that it does not know are let be', async () => {
    says({ instances: [{ ...instance, owner: 'shop' }], next: null });
    expect((await look()).get('pod-1')).toEqual({ is: 'there', stand });
  });
});

describe('a call', () => {
  it('that is sent again has the same id; one after any change has another; and each is as the document says', async () => {
    says({ ...instance, takenOut: true, revision: 'r2' });
    await registry().takeOut(stand);
    await registry().takeOut(stand);
    await registry().takeOut({ ...stand, state: { revision: 'r3' } });
    says(instance);
    await registry().putBack({ ...stand, state: { revision: 'r4' } }, stand);
    says({ services: ['checkout'] });
    await registry().services?.();
    await look().catch(() => undefined);
    const ids = calls.map(({ headers }) => headers['webhook-id']);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(calls.length - 1);
    expect(JSON.parse(calls[3]?.body ?? '')).toMatchObject({ type: 'put-back', revision: 'r4', state: '7' });
    const document = webhookDocument();
    for (const { url, headers, body } of calls) {
      expect(document.wrongRequest(url.replace(/.*\//, ''), headers, body)).toBeUndefined();
    }
  });

  it.each([
    ['has no secret', { token: 'a' }, 'no secret to sign with'],
    ['has a secret of a few letters', { secret: 'hunter2' }, 'base64 of at least 24 bytes'],
    ['has a secret that is no base64', { secret: 'whsec_correct-horse battery-staple-correct-horse' }, 'base64'],
  ])('is not sent where the folder %s', async (_, files, why) => {
    credentials.write(why.replace(/\W/g, '').toLowerCase(), files);
    await expect(registry(why.replace(/\W/g, '').toLowerCase()).services?.()).rejects.toThrow(why);
    expect(calls).toEqual([]);
  });
});

describe('a signature', () => {
  // From the tests of the libraries of https://github.com/standard-webhooks/standard-webhooks.
  const secret = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const expected = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';

  it('is that of Standard Webhooks; while a secret is replaced there are both', () => {
    const sign = (secrets: string) =>
      signatureHeaders(secrets, 'msg_p5jXN8AQM9LWM0D4loKWxJek', '{"test": 2432232314}', 1_614_265_330_123);
    expect(sign(secret)).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': expected,
    });
    const both = sign(`whsec_${secret}\n${Buffer.alloc(24).toString('base64')}\n`)['webhook-signature'].split(' ');
    expect(both).toEqual([expected, expect.stringMatching(/^v1,/)]);
  });
});

describe('docs/webhook.openapi.json', () => {
  it('has every operation of the adapter, and its schemas are sound', () => {
    const { openapi, paths } = openApi();
    expect(openapi).toBe('3.1.0');
    expect(Object.keys(paths).toSorted()).toEqual(
      Object.keys(webhookOperations)
        .map((name) => `/${name}`)
        .toSorted(),
    );
    const document = webhookDocument();
    for (const [path, { post }] of Object.entries(paths)) {
      expect(post.operationId).toBe(path.slice(1));
      // A schema that refers to nothing, or has an unknown word, does not compile.
      expect(document.wrongAnswer(post.operationId, 200, {})).toContain('must have required property');
    }
  });

  it('refuses what the adapter would', () => {
    const document = webhookDocument();
    const headers = { 'webhook-id': 'a', 'webhook-timestamp': '1', 'content-type': 'application/json' };
    expect(document.wrongRequest('instances', headers, '{"type":"instances","service":"a"}')).toBeUndefined();
    expect(document.wrongRequest('instances', headers, '{"type":"services","service":"a"}')).toContain('constant');
    expect(document.wrongRequest('instances', { ...headers, 'webhook-id': undefined }, '{}')).toContain('webhook-id');
    expect(document.wrongAnswer('instances', 200, { instances: [{ ...instance, revision: 1 }] })).toContain('revision');
    expect(document.wrongAnswer('take-out', 200, instance)).toBeUndefined();
    expect(document.wrongAnswer('services', 409, 'no')).toContain('does not answer 409');
  });
});
