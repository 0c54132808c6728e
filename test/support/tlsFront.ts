import { mkdtemp, rm } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { openAuthority } from '../../local/pki/authority.ts';
import { tied } from './tied.ts';

/** Certificates of an authority made for one test, as files. */
export interface TestCertificates {
  readonly caFile: string;
  readonly server: { readonly certFile: string; readonly keyFile: string };
  readonly client: { readonly certFile: string; readonly keyFile: string };
  remove(): Promise<void>;
}

/** The server's certificate is for `localhost` and 127.0.0.1. */
export async function makeCertificates(): Promise<TestCertificates> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-tls-'));
  const authority = await openAuthority(directory, 'test');
  const hosts = ['localhost', '127.0.0.1'];
  return {
    caFile: authority.caFile,
    server: await authority.credential('server', { subject: { commonName: 'temporal' }, usage: 'server', hosts }),
    client: await authority.credential('client', { subject: { commonName: 'sluice' }, usage: 'client' }),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

export interface TlsFront {
  /** host:port */
  readonly address: string;
  close(): void;
}

/**
 * Ends TLS in front of a server that has none, as a proxy in front of Temporal does. Asks for a client certificate.
 * @param to host:port of that server
 */
export async function tlsFront(to: string, options: tls.TlsOptions): Promise<TlsFront> {
  const [host, port] = to.split(':');
  const open = new Set<net.Socket>();
  const front = tls.createServer({ ...options, requestCert: true, ALPNProtocols: ['h2'] }, (socket) => {
    const behind = net.connect(Number(port), host);
    tied(socket, behind, open);
    socket.pipe(behind).pipe(socket);
  });
  const address = await listen(front);
  return {
    address,
    close: () => {
      front.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Listens on a free port of loopback and returns host:port. */
export async function listen(server: net.Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
