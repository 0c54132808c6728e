import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Debian's PostgreSQL; PG_BIN names another one. */
export const postgresBin = (): string => {
  const given = process.env['PG_BIN'];
  if (given !== undefined) return given;
  const [newest] = readdirSync('/usr/lib/postgresql').toSorted((a, b) => Number(b) - Number(a));
  if (newest === undefined) throw new Error('PostgreSQL is missing: apt-get install postgresql.');
  return `/usr/lib/postgresql/${newest}/bin`;
};

/** The user of Debian's package; PostgreSQL refuses to run as root. */
export const postgresUser = (): { uid: number; gid: number } => {
  const [uid = '', gid = ''] = ['-u', '-g'].map((what) => execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }));
  return { uid: Number(uid), gid: Number(gid) };
};

/** A new database cluster as the image's entrypoint makes it: one superuser, who has to give a password over TCP. */
export async function initDatabase(directory: string, user: string, password: string): Promise<void> {
  const owner = postgresUser();
  await mkdir(directory, { mode: 0o700 });
  await writeFile(join(directory, 'password'), password);
  for (const path of [directory, join(directory, 'password')]) await chown(path, owner.uid, owner.gid);
  const options = [
    '-D',
    join(directory, 'data'),
    '-U',
    user,
    '--pwfile',
    join(directory, 'password'),
    '-A',
    'scram-sha-256',
  ];
  execFileSync(join(postgresBin(), 'initdb'), options, { ...owner, cwd: directory, stdio: 'pipe' });
}

export const postgresCommand = (directory: string, port: number): string[] => [
  join(postgresBin(), 'postgres'),
  '-D',
  join(directory, 'data'),
  '-p',
  String(port),
  '-k',
  directory,
  '-c',
  'listen_addresses=127.0.0.1',
];
