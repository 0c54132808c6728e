import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { digestOfConfig } from '../../../activities/registry/digestOfConfig.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const ids = { amd64: sha256('amd64'), arm64: sha256('arm64') };
const single = (id: string): string => JSON.stringify({ config: { digest: id } });
const index = JSON.stringify({ manifests: Object.values(ids).map((id) => ({ digest: sha256(single(id)) })) });

/** A registry that has these manifests, by their digests, and one of them as `v2`. */
async function registry(tagged: string, others: readonly string[] = []): Promise<string> {
  const byName = new Map([...others, tagged].map((body) => [sha256(body), body])).set('v2', tagged);
  server = createServer(({ url = '' }, response) => {
    const body = byName.get(url.split('/').at(-1) ?? '');
    response.writeHead(body === undefined ? 404 : 200).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}/shop/checkout:v2`;
}

const ask = (image: string, id: string) => digestOfConfig(image, id, new AbortController().signal);

it('names the digest of a single manifest with that config', async () => {
  expect(await ask(await registry(single(ids.amd64)), ids.amd64)).toBe(sha256(single(ids.amd64)));
});

it('names the digest of the index, whichever platform the node has', async () => {
  const image = await registry(index, Object.values(ids).map(single));
  expect(await ask(image, ids.amd64)).toBe(sha256(index));
  expect(await ask(image, ids.arm64)).toBe(sha256(index));
});

it('names none for another image, none where the tag is not there, and none where nobody answers', async () => {
  const image = await registry(index, [single(ids.amd64)]);
  expect(await ask(image, sha256('other'))).toBeUndefined();
  expect(await ask(image.replace(':v2', ':v3'), ids.amd64)).toBeUndefined();
  expect(await ask('127.0.0.1:1/x:v2', ids.amd64)).toBeUndefined();
});
