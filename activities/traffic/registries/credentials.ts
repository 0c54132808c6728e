import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RegistryFailure } from './failure.ts';

export interface User {
  readonly name: string;
  readonly password: string;
}

/** What a server wants to see; read from files of the worker, so that no secret is ever in a workflow's history. */
export interface Credentials {
  readonly authorization?: string;
  /** For servers that one logs in to. */
  readonly user?: User;
  /** PEM. */
  readonly ca?: string;
  /** What calls are signed with, where they are. */
  readonly secret?: string;
}

const variable = 'SLUICE_CREDENTIALS_DIR';
const defaultDirectory = '/etc/sluice/credentials';

/** Read anew for each call: a Secret that is mounted there may change. @throws RegistryFailure where there are none */
export async function credentialsOf(name: string | undefined): Promise<Credentials> {
  if (name === undefined) return {};
  const directory = join(process.env[variable] ?? defaultDirectory, name);
  const [username, password, token, ca, secret] = await Promise.all(
    ['username', 'password', 'token', 'ca.crt', 'secret'].map((file) => contentOf(join(directory, file))),
  );
  const user = token === undefined && username !== undefined ? { name: username, password: password ?? '' } : undefined;
  const authorization =
    token !== undefined
      ? `Bearer ${token}`
      : user && `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;
  if (authorization === undefined && ca === undefined && secret === undefined) {
    throw new RegistryFailure(
      `The worker has no credentials ${name}: there is neither username, token, secret nor ca.crt in ${directory}.`,
      `Mount a Secret with these files there, or set ${variable} on the worker.`,
    );
  }
  return {
    ...(authorization !== undefined && { authorization }),
    ...(user && { user }),
    ...(ca !== undefined && { ca }),
    ...(secret !== undefined && { secret }),
  };
}

async function contentOf(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    return undefined;
  }
}
