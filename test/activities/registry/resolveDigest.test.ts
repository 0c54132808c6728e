import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { parseChallenge } from '../../../activities/registry/challenge.ts';
import { resolveDigest } from '../../../activities/registry/resolveDigest.ts';

const digest = `sha256:${'a'.repeat(64)}`;
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A registry on loopback; answers its host and port. */
async function registry(answer: RequestListener): Promise<string> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

const signal = new AbortController().signal;

describe('resolveDigest', () => {
  it('asks for the manifest, index or single, and takes the digest of the header', async () => {
    const seen: string[] = [];
    const host = await registry((request, response) => {
      seen.push(`${request.method} ${request.url}`, String(request.headers.accept));
      response.setHeader('docker-content-digest', digest).end();
    });
    expect(await resolveDigest(`${host}/shop/checkout:v2`, signal)).toEqual({ digest });
    expect(seen[0]).toBe('HEAD /v2/shop/checkout/manifests/v2');
    expect(seen[1]).toContain('application/vnd.oci.image.index.v1+json');
  });

  it('gets itself an anonymous token where the registry asks for one', async () => {
    const host = await registry((request, response) => {
      if (request.url?.startsWith('/token')) {
        const scope = new URL(request.url, 'http://x').searchParams.get('scope');
        response.end(JSON.stringify({ token: `for ${scope}` }));
      } else if (request.headers.authorization === 'Bearer for repository:checkout:pull') {
        response.setHeader('docker-content-digest', digest).end();
      } else {
        const challenge = `Bearer realm="http://${request.headers.host}/token",service="r",scope="repository:checkout:pull"`;
        response.writeHead(401, { 'www-authenticate': challenge }).end();
      }
    });
    expect(await resolveDigest(`${host}/checkout:v2`, signal)).toEqual({ digest });
  });

  it('says that an image is missing only when the registry says so', async () => {
    const host = await registry((_, response) => response.writeHead(404).end());
    expect(await resolveDigest(`${host}/checkout:nope`, signal)).toEqual({ missing: `${host} has no checkout:nope` });
  });

  it.each([
    [403, /wants a login/],
    [429, /limits how often/],
    [500, /HTTP 500/],
  ])('is silent on HTTP %i', async (status, reason) => {
    const host = await registry((_, response) => response.writeHead(status).end());
    expect(await resolveDigest(`${host}/checkout:v2`, signal)).toEqual({ silent: expect.stringMatching(reason) });
  });

  it('is silent when a login is wanted that is not to be had', async () => {
    const host = await registry((_, response) => response.writeHead(401, { 'www-authenticate': 'Basic' }).end());
    expect(await resolveDigest(`${host}/checkout:v2`, signal)).toEqual({ silent: `${host} wants a login` });
  });

  it('is silent when nobody answers in time, or at all', async () => {
    const host = await registry(() => undefined);
    expect(await resolveDigest(`${host}/checkout:v2`, signal, 100)).toEqual({ silent: 'no answer within 0.1 s' });
    server?.closeAllConnections();
    server?.close();
    expect(await resolveDigest(`${host}/checkout:v2`, signal)).toEqual({
      silent: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('ends with its activity', async () => {
    const host = await registry(() => undefined);
    const ending = new AbortController();
    const resolving = resolveDigest(`${host}/checkout:v2`, ending.signal);
    ending.abort(new Error('cancelled'));
    await expect(resolving).rejects.toThrow('cancelled');
  });
});

describe('parseChallenge', () => {
  it.each([
    [
      'Bearer realm="https://a/t",service="s",scope="x:y,z"',
      { realm: 'https://a/t', parameters: { service: 's', scope: 'x:y,z' } },
    ],
    ['bearer realm="https://a/t"', { realm: 'https://a/t', parameters: {} }],
    ['Basic realm="x"', undefined],
    ['Bearer service="s"', undefined],
    [undefined, undefined],
  ])('%s', (header, expected) => {
    expect(parseChallenge(header)).toEqual(expected);
  });
});
