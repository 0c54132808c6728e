import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mostBytes } from '../../../activities/reload/artifactFault.ts';
import { contentsOf } from '../../../activities/reload/artifacts.ts';
import type { SluiceError } from '../../../workflows/contract/errors.ts';

const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const { signal } = new AbortController();

describe('artifacts', () => {
  const bodies: Record<string, Buffer> = {
    '/plugin.so': Buffer.from([0, 255, 1, 254]),
    '/other': Buffer.from('other'),
    '/large': Buffer.alloc(mostBytes + 1),
  };
  const asked: string[] = [];
  let server: Server;
  let base = '';
  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = request.url?.split('?')[0] ?? '';
      asked.push(path);
      const body = bodies[path];
      if (path === '/moved') response.writeHead(302, { location: '/other' }).end();
      else if (path === '/broken') response.writeHead(503).end();
      else if (body === undefined) response.writeHead(404).end();
      else response.end(body);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  const get = (path: string, sha256: string) => contentsOf([{ path: '/opt/x', url: `${base}${path}`, sha256 }], signal);
  const refusal = (path: string, sha256 = sum(Buffer.from('?'))) =>
    get(path, sha256).then(
      () => 'taken',
      ({ code, message }: SluiceError) => `${code} ${message}`,
    );

  it('are what their checksum says, and downloaded once', async () => {
    const bytes = bodies['/plugin.so'] ?? Buffer.alloc(0);
    const [first] = await get('/plugin.so', sum(bytes));
    expect(first).toEqual({ path: '/opt/x', bytes });
    await get('/plugin.so', sum(bytes));
    expect(asked.filter((path) => path === '/plugin.so')).toHaveLength(1);
    const texts = await contentsOf([{ path: '/etc/a', text: 'ü' }], signal);
    expect(texts).toEqual([{ path: '/etc/a', bytes: Buffer.from('ü') }]);
    const [moved] = await get('/moved', sum(Buffer.from('other')));
    expect(moved?.bytes.toString()).toBe('other');
  });

  it('are refused with another checksum, when they are too large or not there; tokens are not told', async () => {
    expect(await refusal('/other?token=secret')).toBe(
      `ARTIFACT_UNFIT /opt/x: ${base}/other has the checksum ${sum(Buffer.from('other'))}, and not ${sum(Buffer.from('?'))}.`,
    );
    expect(await refusal('/large')).toBe(`ARTIFACT_UNFIT /opt/x: ${base}/large is larger than 16 MiB.`);
    expect(await refusal('/none')).toBe(`ARTIFACT_UNFIT /opt/x: ${base}/none cannot be downloaded: HTTP 404.`);
  });

  it('are tried again where a server is away', async () => {
    expect(await refusal('/broken')).toContain('ARTIFACT_UNREACHABLE');
    const gone = contentsOf([{ path: '/x', url: 'http://127.0.0.1:1/x', sha256: sum(Buffer.from('!')) }], signal);
    await expect(gone).rejects.toMatchObject({ code: 'ARTIFACT_UNREACHABLE' });
  });
});
