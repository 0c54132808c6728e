import { readFile } from 'node:fs/promises';
import { createSecureServer, createServer, type Http2Server } from 'node:http2';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { temporalSettings } from '../../../client/sdk/settings.ts';
import { startWorker } from '../../../worker/run.ts';
import { sluice } from '../../client/cli/io.ts';
import { listen, makeCertificates, type TestCertificates } from '../../support/tlsFront.ts';

/** A gRPC server that refuses every call and remembers the key with which it was asked. */

let certificates: TestCertificates;
let trusting: Record<string, string>;
let server: Http2Server | undefined;
const keys: (string | undefined)[] = [];

beforeAll(async () => {
  certificates = await makeCertificates();
  trusting = { TEMPORAL_API_KEY: 'secret', TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificates.caFile };
  return () => certificates.remove();
});

afterEach(() => {
  server?.close();
  keys.length = 0;
});

async function refusing(made: Http2Server): Promise<string> {
  server = made;
  made.on('stream', (stream, headers) => {
    keys.push(headers.authorization);
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16', 'grpc-message': 'unknown key' },
      { endStream: true },
    );
  });
  return listen(made);
}

async function secure(options: { requestCert?: boolean } = {}): Promise<string> {
  const { server: files, caFile } = certificates;
  const [cert, key, ca] = await Promise.all([files.certFile, files.keyFile, caFile].map((file) => readFile(file)));
  return refusing(createSecureServer({ cert, key, ca, ...options }));
}

describe('an API key', () => {
  test.each(['list', 'worker'])('is sent over TLS by `sluice %s`, which tells that it was refused', async (command) => {
    const ran = await sluice([command], { env: { ...trusting, TEMPORAL_ADDRESS: await secure() } });
    expect(ran).toMatchObject({ exit: 6, stdout: '' });
    expect(ran.stderr).toContain('does not let this client in: unknown key');
    expect(ran.stderr).not.toContain('secret');
    expect(keys).toEqual(['Bearer secret']);
  });

  test('is sent by the worker’s own connection', async () => {
    const temporal = await temporalSettings({ env: { ...trusting, TEMPORAL_ADDRESS: await secure() } });
    const started = startWorker({ temporal, cluster: 'none', roles: ['workflows'], logLevel: 'error' });
    await expect(started).rejects.toMatchObject({ code: 'TEMPORAL_UNREACHABLE', message: /unknown key/ });
    expect(keys).toEqual(['Bearer secret']);
  });

  test('goes in the clear with TEMPORAL_TLS=false, to a proxy on the same machine', async () => {
    const TEMPORAL_ADDRESS = await refusing(createServer());
    await sluice(['list'], { env: { TEMPORAL_ADDRESS, TEMPORAL_API_KEY: 'secret', TEMPORAL_TLS: 'false' } });
    expect(keys).toEqual(['Bearer secret']);
  });
});

describe('TLS that fails is told with the variable to set', () => {
  test.each([
    ['no client certificate', {}, 'TEMPORAL_TLS_CLIENT_CERT_PATH'],
    ['an authority that is not known', { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '' }, 'TEMPORAL_TLS_SERVER_CA_CERT_PATH'],
    ['another name than the certificate has', { TEMPORAL_TLS_SERVER_NAME: 'b.example' }, 'TEMPORAL_TLS_SERVER_NAME'],
  ])('%s', async (_, change, variable) => {
    const TEMPORAL_ADDRESS = await secure({ requestCert: true });
    const ran = await sluice(['list'], { env: { ...trusting, ...change, TEMPORAL_ADDRESS } });
    expect(ran).toMatchObject({ exit: 6, stdout: '' });
    expect(ran.stderr).toContain(variable);
    expect(keys).toEqual([]);
  });
});
