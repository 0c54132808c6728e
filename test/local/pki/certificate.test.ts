import { X509Certificate } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { openAuthority, serviceAccountKey } from '../../../local/pki/authority.ts';
import { issue } from '../../../local/pki/certificate.ts';
import { failureOf, temporaryDirectory } from '../support/environment.ts';

const subject = { commonName: 'test authority' };
const authority = issue({ subject, usage: 'authority', days: 100 });
const issuer = { subject, credential: authority };

test('a certificate names its subject, its hosts and its issuer', () => {
  const { certificate } = issue(
    {
      subject: { commonName: 'kube-apiserver', organizations: ['one', 'two'] },
      usage: 'server',
      hosts: ['localhost', 'kubernetes.default.svc', '127.0.0.1', '::1', 'fd00::1:2'],
      days: 10,
    },
    issuer,
  );
  const read = new X509Certificate(certificate);
  expect(read.subject).toBe('O=one\nO=two\nCN=kube-apiserver');
  expect(read.issuer).toBe('CN=test authority');
  expect(read.checkIssued(new X509Certificate(authority.certificate))).toBe(true);
  expect(read.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
  expect(read.checkHost('kubernetes.default.svc')).toBeDefined();
  expect(read.checkHost('elsewhere')).toBeUndefined();
  expect(['127.0.0.1', '::1', 'fd00::1:2'].filter((ip) => read.checkIP(ip) === undefined)).toEqual([]);
  expect(read.checkIP('127.0.0.2')).toBeUndefined();
  expect(read.ca).toBe(false);
  const days = (Date.parse(read.validTo) - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(10);
});

test('many serial numbers, whatever their bits, are read back', () => {
  const serials = Array.from(
    { length: 50 },
    () => new X509Certificate(issue({ subject, usage: 'client', days: 1 }, issuer).certificate).serialNumber,
  );
  expect(new Set(serials).size).toBe(50);
});

/** A TLS server and a client, each showing its certificate to the other. */
async function shakeHands(clientUsage: 'client' | 'server', clientIssuer = issuer): Promise<string> {
  const server = issue({ subject: { commonName: 's' }, usage: 'server', hosts: ['127.0.0.1'], days: 1 }, issuer);
  const client = issue({ subject: { commonName: 'c' }, usage: clientUsage, days: 1 }, clientIssuer);
  const listener = tls.createServer(
    {
      cert: server.certificate,
      key: server.key,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (socket) => socket.end(String(socket.getPeerCertificate().subject.CN)),
  );
  listener.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void listener.close());
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an AddressInfo
  const { port } = listener.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      host: '127.0.0.1',
      port,
      ca: authority.certificate,
      cert: client.certificate,
      key: client.key,
    });
    socket.on('data', (data) => resolve(data.toString()));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed')));
  });
}

test('a handshake with certificates on both sides succeeds, and fails with the wrong ones', async () => {
  expect(await shakeHands('client')).toBe('c');
  await failureOf(shakeHands('server'));
  const stranger = { subject, credential: issue({ subject, usage: 'authority', days: 1 }) };
  await failureOf(shakeHands('client', stranger));
});

test('an authority keeps what it issued, and issues again what no longer fits', async () => {
  const directory = await temporaryDirectory();
  const request = { subject: { commonName: 'admin', organizations: ['system:masters'] }, usage: 'client' } as const;
  const first = await (await openAuthority(directory, 'ca')).credential('admin', request);
  const certificate = await readFile(first.certFile, 'utf8');
  expect((await stat(first.keyFile)).mode & 0o077).toBe(0);

  const again = await openAuthority(directory, 'ca');
  expect(await readFile((await again.credential('admin', request)).certFile, 'utf8')).toBe(certificate);

  // Another group: another certificate.
  const other = await openAuthority(directory, 'ca');
  const changed = await other.credential('admin', { ...request, subject: { commonName: 'admin', organizations: [] } });
  expect(new X509Certificate(await readFile(changed.certFile)).subject).toBe('CN=admin');

  // About to expire.
  const ca = {
    certificate: await readFile(join(directory, 'ca.crt'), 'utf8'),
    key: await readFile(join(directory, 'ca.key'), 'utf8'),
  };
  const old = issue({ ...request, days: 20 }, { subject: { commonName: 'sluice ca' }, credential: ca });
  await writeFile(first.certFile, old.certificate);
  await writeFile(first.keyFile, old.key);
  const renewed = await (await openAuthority(directory, 'ca')).credential('admin', request);
  expect(await readFile(renewed.certFile, 'utf8')).not.toBe(old.certificate);

  // Half written.
  await writeFile(first.certFile, '');
  const whole = await (await openAuthority(directory, 'ca')).credential('admin', request);
  expect(new X509Certificate(await readFile(whole.certFile)).subject).toContain('CN=admin');
});

test('the service account key is made once', async () => {
  const directory = await temporaryDirectory();
  const { privateFile, publicFile } = await serviceAccountKey(directory);
  const before = await readFile(privateFile, 'utf8');
  await serviceAccountKey(directory);
  expect(await readFile(privateFile, 'utf8')).toBe(before);
  expect(await readFile(publicFile, 'utf8')).toContain('PUBLIC KEY');
});
