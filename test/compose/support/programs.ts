import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, link, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cachePath } from '../../../local/binaries/locate.ts';
import { cacheDirectory } from '../../../local/paths.ts';
import type { ComposeServices } from '../../support/compose.ts';

/** Go packages of the programs; the server's are at the version of its image. */
const composeSpec = 'github.com/compose-spec/compose-go/v2/cmd@v2.16.2';
const serverPackages = { 'temporal-server': 'cmd/server', 'temporal-sql-tool': 'cmd/tools/sql' };
const uiModule = 'github.com/temporalio/ui-server/v2';

/**
 * Fills a directory for PATH with what the images have: temporal-server, temporal-sql-tool and the
 * Web UI (temporal-ui, with its configuration in ui/) of the images' versions, the Temporal CLI of the local stack, busybox's wget as in Alpine; and compose-spec, the loader of docker compose.
 * What is missing is built from the Go module proxy, in about five minutes on two idle cores, once.
 */
export async function programs(services: ComposeServices, directory: string): Promise<void> {
  const [version, uiVersion] = ['temporal', 'ui'].map((name) => services[name]?.image.split(':')[1] ?? '');
  const cache = join(cacheDirectory(), 'compose', `v${version}-ui-v${uiVersion}`);
  await Promise.all([cache, join(directory, 'ui/config')].map((each) => mkdir(each, { recursive: true })));
  for (const [name, path] of Object.entries(serverPackages)) {
    await built(cache, name, `go.temporal.io/server/${path}@v${version}`);
  }
  await built(cache, 'temporal-ui', `${uiModule}/cmd/server@v${uiVersion}`);
  await built(cache, 'compose-spec', composeSpec);
  await copyFile(await uiConfiguration(uiVersion), join(directory, 'ui/config/docker.yaml'));
  const names = [...Object.keys(serverPackages), 'temporal-ui', 'compose-spec'];
  const found = names.map((name) => [name, join(cache, name)] as const);
  const given = [
    ['temporal', cachePath('temporal')],
    ['wget', '/usr/bin/busybox'],
  ] as const;
  for (const [name, program] of [...found, ...given]) {
    if (!existsSync(program)) throw new Error(`${program} is missing: apt-get install busybox, or \`sluice up\`.`);
    // The cache is in a home directory that the users of the images cannot read.
    await link(program, join(directory, name)).catch(() => copyFile(program, join(directory, name)));
  }
  // Alpine's busybox has an `nc -z`, Debian's has none.
  await writeFile(join(directory, 'nc'), '#!/bin/bash\nexec 3<>"/dev/tcp/$2/$3"\n', { mode: 0o755 });
}

async function built(directory: string, name: string, from: string): Promise<void> {
  const target = join(directory, name);
  if (existsSync(target)) return;
  console.log(`building ${from}`);
  const env = { ...process.env, GOBIN: directory, CGO_ENABLED: '0' };
  await promisify(execFile)('go', ['install', '-ldflags=-s -w', from], { env });
  // `go install` names a program after its folder.
  const folder = from.slice(from.lastIndexOf('/') + 1, from.lastIndexOf('@'));
  await rename(join(directory, folder), target);
}

/** The file that the image of the Web UI has too: a template that takes everything from the environment. */
async function uiConfiguration(version: string | undefined): Promise<string> {
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', `${uiModule}@v${version}`]);
  return join((JSON.parse(stdout) as { Dir: string }).Dir, 'config/docker.yaml');
}
