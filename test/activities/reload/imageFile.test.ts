import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentsOf } from '../../../activities/reload/artifacts.ts';

/** What a registry answers (OCI distribution spec), as far as an image is read without a login. test/e2e asks a real one. */
const blobs = new Map<string, Buffer>();
const asked: string[] = [];
let server: Server;
let host = '';
beforeAll(async () => {
  server = createServer(({ url = '', headers }, response) => {
    asked.push(url);
    if (url.startsWith('/token')) return response.end(JSON.stringify({ token: 'for-all' }));
    if (url.includes('/private/') && headers.authorization !== 'Bearer for-all') {
      const challenge = `Bearer realm="http://${host}/token",service="s",scope="pull"`;
      return response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
    if (url.includes('/busy/')) return response.writeHead(503).end();
    const [, digest = ''] = /(sha256:\w+)$/.exec(url) ?? [];
    const blob = blobs.get(digest);
    return blob === undefined ? response.writeHead(404).end() : response.end(blob);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const digestOf = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;

function push(content: Buffer | object): string {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  const digest = digestOf(bytes);
  blobs.set(digest, bytes);
  return digest;
}

type Files = Readonly<Record<string, string | Partial<Header>>>;

async function layer(files: Files, packed = true) {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) {
    if (typeof content === 'string') archive.entry({ name }, content);
    else archive.entry({ ...content, name });
  }
  archive.finalize();
  const tar = Buffer.concat(await Readable.from(archive).toArray());
  const mediaType = `application/vnd.oci.image.layer.v1.tar${packed ? '+gzip' : ''}`;
  return { mediaType, digest: push(packed ? gzipSync(tar) : tar) };
}

const image = (layers: readonly object[], name = 'rules'): string => `${host}/${name}@${push({ layers })}`;

const read = async (from: string, of: string): Promise<string> => {
  const [content] = await contentsOf([{ path: '/etc/rules', image: of, from }], new AbortController().signal);
  return String(content?.bytes);
};

describe('a file of an image', () => {
  it('is that of the uppermost layer which has it, however its path is spelled there', async () => {
    const of = image([
      await layer({ 'etc/rules': 'old', 'etc/other': 'below' }, false),
      await layer({ './etc/rules': 'new', './etc/': { type: 'directory' } }),
      await layer({ 'bin/sh': 'sh' }),
    ]);
    expect(await read('/etc/rules', of)).toBe('new');
    expect(await read('/etc/other', of)).toBe('below');
  });

  it.each(['etc/.wh.rules', '.wh.etc', 'etc/.wh..wh..opq', '.wh..wh..opq'])(
    'is gone where a layer above says so: %s',
    async (name) => {
      const below = await layer({ 'etc/rules': 'old' });
      await expect(read('/etc/rules', image([below, await layer({ [name]: '' })]))).rejects.toMatchObject({
        code: 'ARTIFACT_UNFIT',
        message: expect.stringContaining('is not there'),
      });
      expect(await read('/etc/rules', image([below, await layer({ [name]: '', 'etc/rules': 'again' })]))).toBe('again');
    },
  );

  it('may be a layer by itself, which is named: an artifact', async () => {
    const digest = push(Buffer.from('whole'));
    const named = { 'org.opencontainers.image.title': 'rules.json' };
    expect(await read('/rules.json', image([{ mediaType: 'application/json', digest, annotations: named }]))).toBe(
      'whole',
    );
  });

  it('is got with the token that anybody gets, and once only', async () => {
    const of = image([await layer({ 'etc/rules': 'with a token' })], 'private/rules');
    expect(await read('/etc/rules', of)).toBe('with a token');
    const before = asked.length;
    expect(await read('/etc/rules', of)).toBe('with a token');
    expect(asked).toHaveLength(before);
  });

  it('is refused with the reason where it is nothing that could be put there', async () => {
    const odd = await layer({
      link: { type: 'symlink', linkname: 'etc/rules' },
      dir: { type: 'directory' },
      large: 'x'.repeat(16 * 1024 * 1024 + 1),
    });
    const broken = push(Buffer.from('{"layers":[]}'));
    blobs.set(broken, Buffer.from('{"layers":[1]}'));
    const lying = await layer({ 'etc/rules': 'one' });
    blobs.set(lying.digest, gzipSync(Buffer.alloc(1024)));
    const platform = { os: 'linux', architecture: 'arm64' };
    const index = push({
      manifests: [
        { digest: 'sha256:a', platform },
        { digest: 'sha256:b', platform: { os: 'unknown' } },
      ],
    });
    for (const [from, of, code, why] of [
      ['/link', image([odd]), 'ARTIFACT_UNFIT', 'is no file but a symlink'],
      ['/dir', image([odd]), 'ARTIFACT_UNFIT', 'is no file but a directory'],
      ['/large', image([odd]), 'ARTIFACT_UNFIT', 'is larger than 16 MiB'],
      ['/etc/rules', image([{ mediaType: 'x.tar+zstd', digest: 'sha256:c' }]), 'ARTIFACT_UNFIT', 'packed with zstd'],
      ['/etc/rules', `${host}/rules@${broken}`, 'ARTIFACT_UNFIT', 'came with the digest'],
      ['/etc/rules', image([lying]), 'ARTIFACT_UNFIT', 'came with the digest'],
      [
        '/etc/rules',
        `${host}/rules@${index}`,
        'ARTIFACT_UNFIT',
        'name the digest of one of them: linux/arm64 sha256:a',
      ],
      ['/etc/rules', `${host}/none@sha256:${'0'.repeat(64)}`, 'ARTIFACT_UNFIT', 'HTTP 404'],
      ['/etc/rules', `${host}/busy/rules@${broken}`, 'ARTIFACT_UNREACHABLE', 'HTTP 503'],
      ['/etc/rules', `127.0.0.1:1/rules@${broken}`, 'ARTIFACT_UNREACHABLE', 'ECONNREFUSED'],
    ] as const) {
      await expect(read(from, of), why).rejects.toMatchObject({ code, message: expect.stringContaining(why) });
    }
  });
});
