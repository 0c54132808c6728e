import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

/** What a mirror answers for one path. */
export interface Reply {
  readonly status?: number;
  readonly body?: Uint8Array | string;
  /** Cut the connection after that many bytes, with the whole length announced. */
  readonly cutAfter?: number;
  /** Keep the connection open after that many bytes. */
  readonly stallAfter?: number;
}

export interface Mirror {
  /** For SLUICE_DOWNLOAD_BASE. */
  readonly base: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  replies: Record<string, Reply>;
}

/** A real HTTP server that plays the publishers: `/<host>/<path>`. Unknown paths are 404. */
export async function startMirror(replies: Record<string, Reply> = {}): Promise<Mirror> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const reply = mirror.replies[path] ?? { status: 404, body: 'not here' };
    const body = Buffer.from(reply.body ?? '');
    response.writeHead(reply.status ?? 200, { 'Content-Length': body.length });
    const stop = reply.cutAfter ?? reply.stallAfter;
    if (stop === undefined) {
      response.end(body);
      return;
    }
    response.write(body.subarray(0, stop), () => {
      if (reply.cutAfter !== undefined) response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an AddressInfo
  const { port } = server.address() as AddressInfo;
  const mirror: Mirror = { base: `http://127.0.0.1:${port}`, asked, replies };
  return mirror;
}

export const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

/** A tar.gz with these files (ustar). */
export function tarGz(files: Readonly<Record<string, string>>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, text]) => {
    const content = Buffer.from(text);
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000755\0', 100);
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write(name.endsWith('/') ? '5' : '0', 156);
    header.write('ustar\0', 257);
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}
