import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
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
export async function tarGz(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, text] of Object.entries(files)) {
    archive.entry({ name, type: name.endsWith('/') ? 'directory' : 'file', mode: 0o755 }, text);
  }
  archive.finalize();
  return gzipSync(Buffer.concat(await Readable.from(archive).toArray()));
}
