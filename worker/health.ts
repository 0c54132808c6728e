import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SluiceError } from '../workflows/contract/errors.ts';

/**
 * Serves /healthz (the process runs) and /readyz (it polls Temporal) for Kubernetes' probes.
 * @param address host:port; port 0 takes a free one
 * @throws SluiceError USAGE when the address cannot be listened on
 */
export async function serveHealth(address: string, ready: () => boolean): Promise<{ url: string; close(): void }> {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at) || '127.0.0.1';
  const port = Number(address.slice(at + 1));
  const server = createServer((request, response) => {
    const healthy = request.url === '/healthz' || (request.url === '/readyz' && ready());
    const known = request.url === '/healthz' || request.url === '/readyz';
    response.writeHead(healthy ? 200 : known ? 503 : 404, { 'content-type': 'text/plain' });
    response.end(healthy ? 'ok\n' : known ? 'not ready\n' : 'There are /healthz and /readyz.\n');
  });
  await listen(server, host, port, address);
  const { port: taken } = server.address() as AddressInfo;
  return { url: `http://${host}:${taken}`, close: () => server.close() };
}

function listen(server: Server, host: string, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new SluiceError('USAGE', `Cannot listen on ${address}: ${cause.code ?? cause.message}.`, {
          next: 'Choose another address with --health, or leave it out.',
          cause,
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
}
