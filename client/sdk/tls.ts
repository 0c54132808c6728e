import { readFile } from 'node:fs/promises';
import type { TLSConfig } from '@temporalio/client';
import { SluiceError } from '../../workflows/contract/errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A PEM that the environment gives as text (`<name>_DATA`) or as a file (`<name>_PATH`, or by the older name). */
interface Pem {
  readonly name: string;
  /** The Temporal CLI's name before 1.3, which the Temporal Web UI still has. Names a file. */
  readonly older: string;
}

const authority: Pem = { name: 'TEMPORAL_TLS_SERVER_CA_CERT', older: 'TEMPORAL_TLS_CA' };
const certificate: Pem = { name: 'TEMPORAL_TLS_CLIENT_CERT', older: 'TEMPORAL_TLS_CERT' };
const privateKey: Pem = { name: 'TEMPORAL_TLS_CLIENT_KEY', older: 'TEMPORAL_TLS_KEY' };

/**
 * TLS as the variables of the Temporal CLI say: TEMPORAL_TLS, a CA, a client certificate and key, TEMPORAL_TLS_SERVER_NAME.
 * Any of them, or an API key, switches TLS on; TEMPORAL_TLS=false keeps it off. The certificate of the server is always
 * verified.
 * @param byKey an API key is there
 * @returns false where TLS is switched off, undefined where nothing asks for it
 * @throws USAGE when a named file cannot be read, or a certificate comes without its key
 */
export async function tlsOf(env: Environment, byKey: boolean): Promise<TLSConfig | false | undefined> {
  const switched = env['TEMPORAL_TLS'] || undefined;
  if (switched !== undefined && /^(false|0|no|off)$/i.test(switched)) return false;
  const [ca, crt, key] = await Promise.all([authority, certificate, privateKey].map((pem) => read(env, pem)));
  const serverName = env['TEMPORAL_TLS_SERVER_NAME'] || undefined;
  if ((crt === undefined) !== (key === undefined)) {
    const missing = crt === undefined ? certificate.name : privateKey.name;
    throw new SluiceError('USAGE', `The client certificate for Temporal is half there: ${missing}_PATH is missing.`, {
      next: `Set both ${certificate.name}_PATH and ${privateKey.name}_PATH, or neither.`,
    });
  }
  const asked = ca ?? crt ?? serverName ?? switched;
  if (asked === undefined && !byKey) return undefined;
  return {
    ...(ca !== undefined && { serverRootCACertificate: ca }),
    ...(crt !== undefined && key !== undefined && { clientCertPair: { crt, key } }),
    ...(serverName !== undefined && { serverNameOverride: serverName }),
  };
}

async function read(env: Environment, { name, older }: Pem): Promise<Buffer | undefined> {
  const data = env[`${name}_DATA`];
  if (data) return Buffer.from(data);
  const variable = env[`${name}_PATH`] ? `${name}_PATH` : older;
  const path = env[variable];
  if (!path) return undefined;
  return readFile(path).catch((error: unknown) => {
    throw new SluiceError('USAGE', `${variable} names ${path}, which cannot be read.`, { cause: error });
  });
}
