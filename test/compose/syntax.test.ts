import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { composeFile, composeServices, composeTlsFile, interpolated } from '../support/compose.ts';
import { programs } from './support/programs.ts';

/** docker compose's own loader reads the files, by the schema of the Compose Specification, as our tests read them. */

const variables = { POSTGRES_PASSWORD: 'secret', SLUICE_KUBECONFIG: '/kubeconfig', SLUICE_CERTS: '/certificates' };
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-syntax-'));
  await programs(composeServices([composeFile], variables), directory);
}, 1_800_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

test.each([[[composeFile]], [[composeFile, composeTlsFile]]])('%j', async (files) => {
  const written = files.map((_, index) => join(directory, `${index}.yml`));
  await Promise.all(files.map((file, index) => writeFile(written[index] ?? '', interpolated(file, variables))));
  const { stdout } = await promisify(execFile)(join(directory, 'compose-spec'), ['-format', 'json', ...written]);
  const { services } = JSON.parse(stdout) as { services: Record<string, ComposeModel> };
  for (const [name, service] of Object.entries(composeServices(files, variables))) {
    const read = services[name];
    expect({ name, image: read?.image, command: read?.command, check: read?.healthcheck?.test }).toEqual({
      name,
      image: service.image,
      command: service.command,
      check: service.healthcheck?.test,
    });
    expect(environmentOf(read)).toEqual(service.environment ?? {});
  }
});

/** What the loader prints: an environment that two files made is a list. */
interface ComposeModel {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly environment?: readonly string[] | Readonly<Record<string, string>>;
}

function environmentOf(service: ComposeModel | undefined): Readonly<Record<string, string>> {
  const { environment = {} } = service ?? {};
  if (!Array.isArray(environment)) return environment as Readonly<Record<string, string>>;
  return Object.fromEntries(
    (environment as readonly string[]).map((entry) => {
      const at = entry.indexOf('=');
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}
