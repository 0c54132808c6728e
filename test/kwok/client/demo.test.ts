import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspect } from '../../../local/inspect.ts';
import type { ReleaseStatus } from '../../../workflows/contract/status.ts';

/** The demo as a person runs it: the built program, in a stack of its own. */

const cli = fileURLToPath(new URL('../../../dist/client/cli/main.js', import.meta.url));
let stateDir: string;
beforeAll(async () => {
  if (!existsSync(cli))
    throw new Error('Run `npm run build` first: the demo starts its worker from the built program.');
  stateDir = await mkdtemp(join(tmpdir(), 'sluice-demo-'));
});
afterAll(() => rm(stateDir, { recursive: true, force: true }));

interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...argv: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const env = { ...process.env, SLUICE_STATE_DIR: stateDir, TEMPORAL_ADDRESS: '', KUBECONFIG: '' };
    execFile(process.execPath, [cli, ...argv], { env }, (error, stdout, stderr) =>
      resolve({ exit: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

test('a release that succeeds, one that rolls itself back, and nothing left running', {
  timeout: 240_000,
}, async () => {
  const ran = await run('demo', '--once', '-o', 'json');
  expect(ran.stderr).toMatch(/That was Sluice/);
  expect(ran.exit).toBe(0);
  const { asPlanned, releases } = JSON.parse(ran.stdout) as { asPlanned: boolean; releases: ReleaseStatus[] };
  expect(asPlanned).toBe(true);
  expect(releases.map(({ phase }) => phase)).toEqual(['succeeded', 'rolledBack']);
  expect(releases[0]?.log.map(({ text }) => text).join('\n')).toContain(
    'Approved after-gray (1 of 1). (nobody sits here)',
  );
  expect(releases[0]?.progress).toEqual({ total: 12, done: 12, failed: 0 });
  expect(releases[1]?.failure?.code).toBe('POD_FAILED');
  expect(await inspect({ stateDir })).toMatchObject({ state: 'down', parts: [] });
  expect((await run('down', '--wipe')).exit).toBe(0);
});
