import type { TLSConfig } from '@temporalio/client';
import { tlsOf } from './tls.ts';

/** Where the Temporal server is and how to get in. */
export interface TemporalSettings {
  /** host:port of the gRPC front end. */
  readonly address: string;
  readonly namespace: string;
  /** Who said so, for error messages. */
  readonly source: 'the command line' | 'TEMPORAL_ADDRESS' | 'the local stack' | 'the default';
  /** false: no TLS even though there is an API key. */
  readonly tls?: TLSConfig | false;
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
 * TLS and the API key belong to the server that the environment or the command line names, never to the local stack.
 * Client and worker read their settings here.
 * @throws USAGE when a certificate cannot be read
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

const withPort = (address: string): string => (/:\d+$/.test(address) ? address : `${address}:7233`);

const nonEmpty = (value: string | undefined): string | undefined => (value === '' ? undefined : value);
