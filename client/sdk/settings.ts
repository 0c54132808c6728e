import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from '@temporalio/client';
import { SluiceError } from '../../workflows/contract/errors.ts';

/** Where the Temporal server is and how to get in. */
export interface TemporalSettings {
  /** host:port of the gRPC front end. */
  readonly address: string;
  readonly namespace: string;
  /** Who said so, for error messages. */
  readonly source: 'the command line' | 'TEMPORAL_ADDRESS' | 'the local stack' | 'the default';
  readonly tls?: ConnectionOptions['tls'];
  readonly apiKey?: string;
}

/** What the running local stack says; undefined when none runs. */
export type LocalStack = () => Promise<
  { readonly TEMPORAL_ADDRESS: string; readonly TEMPORAL_NAMESPACE: string } | undefined
>;

export interface SettingsSources {
  readonly address?: string | undefined;
  readonly namespace?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asked last, so that after `sluice up` everything works without exports. */
  readonly local?: LocalStack;
}

/**
 * Finds the Temporal server: command line, then the variables of the Temporal CLI (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE,
 * TEMPORAL_API_KEY, TEMPORAL_TLS…), then the running local stack, then 127.0.0.1:7233.
 * Certificates are given as files (…_PATH) or as PEM text (…_DATA). An API key switches TLS on.
 * @throws USAGE when a named file cannot be read
 */
export async function temporalSettings(sources: SettingsSources): Promise<TemporalSettings> {
  const { env } = sources;
  const given = sources.address ?? nonEmpty(env['TEMPORAL_ADDRESS']);
  const local = given === undefined ? await sources.local?.() : undefined;
  const apiKey = nonEmpty(env['TEMPORAL_API_KEY']);
  const tls = local === undefined ? await tlsOf(env, apiKey !== undefined) : undefined;
  return {
    address: withPort(given ?? local?.TEMPORAL_ADDRESS ?? '127.0.0.1:7233'),
    namespace: sources.namespace ?? nonEmpty(env['TEMPORAL_NAMESPACE']) ?? local?.TEMPORAL_NAMESPACE ?? 'default',
    source:
      sources.address !== undefined
        ? 'the command line'
        : given !== undefined
          ? 'TEMPORAL_ADDRESS'
          : local !== undefined
            ? 'the local stack'
            : 'the default',
    ...(tls !== undefined && { tls }),
    ...(apiKey !== undefined && local === undefined && { apiKey }),
  };
}

async function tlsOf(env: SettingsSources['env'], byKey: boolean): Promise<ConnectionOptions['tls'] | undefined> {
  const switched = nonEmpty(env['TEMPORAL_TLS']);
  if (switched !== undefined && /^(false|0|no|off)$/i.test(switched)) return undefined;
  const [ca, crt, key] = await Promise.all([
    pem(env, 'TEMPORAL_TLS_SERVER_CA_CERT'),
    pem(env, 'TEMPORAL_TLS_CLIENT_CERT'),
    pem(env, 'TEMPORAL_TLS_CLIENT_KEY'),
  ]);
  const serverName = nonEmpty(env['TEMPORAL_TLS_SERVER_NAME']);
  if ((crt === undefined) !== (key === undefined)) {
    throw new SluiceError(
      'USAGE',
      `TEMPORAL_TLS_CLIENT_${crt === undefined ? 'KEY' : 'CERT'} is set without its other half.`,
      {
        next: 'Set both TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH, or neither.',
      },
    );
  }
  if (ca === undefined && crt === undefined && serverName === undefined && switched === undefined && !byKey)
    return undefined;
  return {
    ...(ca !== undefined && { serverRootCACertificate: ca }),
    ...(crt !== undefined && key !== undefined && { clientCertPair: { crt, key } }),
    ...(serverName !== undefined && { serverNameOverride: serverName }),
  };
}

async function pem(env: SettingsSources['env'], name: string): Promise<Buffer | undefined> {
  const data = nonEmpty(env[`${name}_DATA`]);
  if (data !== undefined) return Buffer.from(data);
  const path = nonEmpty(env[`${name}_PATH`]);
  if (path === undefined) return undefined;
  return readFile(path).catch((error: unknown) => {
    throw new SluiceError('USAGE', `${name}_PATH names ${path}, which cannot be read.`, { cause: error });
  });
}

const withPort = (address: string): string => (/:\d+$/.test(address) ? address : `${address}:7233`);

const nonEmpty = (value: string | undefined): string | undefined => (value === '' ? undefined : value);
