import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporalSettings } from '../../../client/sdk/settings.ts';

const local = () => Promise.resolve({ TEMPORAL_ADDRESS: '127.0.0.1:4444', TEMPORAL_NAMESPACE: 'default' });
const none = () => Promise.resolve(undefined);

test('the command line wins over the environment, that over the local stack, that over the default', async () => {
  const env = { TEMPORAL_ADDRESS: 'temporal.example:7233', TEMPORAL_NAMESPACE: 'prod' };
  expect(await temporalSettings({ address: 'flag.example', namespace: 'x', env, local })).toEqual({
    address: 'flag.example:7233',
    namespace: 'x',
    source: 'the command line',
  });
  expect(await temporalSettings({ env, local })).toEqual({
    address: 'temporal.example:7233',
    namespace: 'prod',
    source: 'TEMPORAL_ADDRESS',
  });
  expect(await temporalSettings({ env: {}, local })).toEqual({
    address: '127.0.0.1:4444',
    namespace: 'default',
    source: 'the local stack',
  });
  expect(await temporalSettings({ env: { TEMPORAL_ADDRESS: '' }, local: none })).toEqual({
    address: '127.0.0.1:7233',
    namespace: 'default',
    source: 'the default',
  });
});

test('an API key switches TLS on, TEMPORAL_TLS=false off; the local stack gets neither', async () => {
  const env = { TEMPORAL_ADDRESS: 'cloud.example:7233', TEMPORAL_API_KEY: 'key' };
  expect(await temporalSettings({ env })).toMatchObject({ apiKey: 'key', tls: {} });
  // Undefined would not do: with a key the SDK switches TLS on by itself.
  expect(await temporalSettings({ env: { ...env, TEMPORAL_TLS: 'false' } })).toMatchObject({ tls: false });
  expect(await temporalSettings({ env: { TEMPORAL_API_KEY: 'key' }, local })).toEqual({
    address: '127.0.0.1:4444',
    namespace: 'default',
    source: 'the local stack',
  });
});

test('certificates come as text or files; half a pair is refused', async () => {
  const env = {
    TEMPORAL_ADDRESS: 'a',
    TEMPORAL_TLS_CLIENT_CERT_DATA: 'cert',
    TEMPORAL_TLS_CLIENT_KEY_DATA: 'key',
    TEMPORAL_TLS_SERVER_NAME: 'b',
  };
  expect((await temporalSettings({ env })).tls).toEqual({
    clientCertPair: { crt: Buffer.from('cert'), key: Buffer.from('key') },
    serverNameOverride: 'b',
  });
  await expect(temporalSettings({ env: { ...env, TEMPORAL_TLS_CLIENT_KEY_DATA: '' } })).rejects.toMatchObject({
    code: 'USAGE',
  });
  await expect(
    temporalSettings({ env: { TEMPORAL_ADDRESS: 'a', TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nonexistent/ca.pem' } }),
  ).rejects.toMatchObject({
    code: 'USAGE',
    message: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH names /nonexistent/ca.pem, which cannot be read.',
  });
});

test('the older names of the Temporal CLI, which its Web UI has, name files; the newer ones win', async () => {
  const here = fileURLToPath(import.meta.url);
  const env = { TEMPORAL_ADDRESS: 'a', TEMPORAL_TLS_CA: here };
  const ca = await readFile(here);
  expect((await temporalSettings({ env })).tls).toEqual({ serverRootCACertificate: ca });
  const both = { ...env, TEMPORAL_TLS_SERVER_CA_CERT_DATA: 'ca' };
  expect((await temporalSettings({ env: both })).tls).toEqual({ serverRootCACertificate: Buffer.from('ca') });
  await expect(temporalSettings({ env: { ...env, TEMPORAL_TLS_CA: '/nonexistent/ca.pem' } })).rejects.toMatchObject({
    code: 'USAGE',
    message: 'TEMPORAL_TLS_CA names /nonexistent/ca.pem, which cannot be read.',
  });
});
