import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { down } from '../../local/down.ts';
import { environment, inspect } from '../../local/inspect.ts';
import { cacheDirectory, stateDirectory } from '../../local/paths.ts';
import { up } from '../../local/up.ts';
import { failureOf, temporaryDirectory, withEnvironment } from './support/environment.ts';

test('the state directory is the option, else SLUICE_STATE_DIR, else below XDG_STATE_HOME, else below the home directory', () => {
  withEnvironment({ SLUICE_STATE_DIR: '/b', XDG_STATE_HOME: '/c', HOME: '/home/x', XDG_CACHE_HOME: '' });
  expect(stateDirectory('/a')).toBe('/a');
  expect(stateDirectory()).toBe('/b');
  withEnvironment({ XDG_STATE_HOME: '/c', HOME: '/home/x' });
  expect(stateDirectory()).toBe('/c/sluice');
  withEnvironment({ XDG_STATE_HOME: '', HOME: '/home/x', XDG_CACHE_HOME: '' });
  expect(stateDirectory()).toBe('/home/x/.local/state/sluice');
  expect(cacheDirectory()).toBe('/home/x/.cache/sluice');
});

test('where no stack was, there is none to inspect, to use or to stop', async () => {
  const stateDir = await temporaryDirectory();
  expect(await inspect({ stateDir })).toEqual({ stateDir, state: 'none', parts: [] });
  expect(await failureOf(environment({ stateDir }))).toMatchObject({ code: 'LOCAL_NOT_UP' });
  expect(await down({ stateDir, wipe: true })).toMatchObject({ state: 'none' });
});

test("somebody else's directory is refused and left as it was", async () => {
  const stateDir = await temporaryDirectory();
  await mkdir(join(stateDir, 'data'));
  await writeFile(join(stateDir, 'data/thesis.txt'), 'years of work');
  const error = await failureOf(up({ stateDir }));
  expect(error).toMatchObject({ code: 'USAGE' });
  expect(String(error)).toContain(join(stateDir, 'data'));
  await down({ stateDir, wipe: true });
  expect(await readdir(join(stateDir, 'data'))).toEqual(['thesis.txt']);
});

test.each([0, -1, 2.5, Number.NaN])('%d nodes are refused', async (nodes) => {
  const stateDir = await temporaryDirectory();
  expect(await failureOf(up({ stateDir, nodes }))).toMatchObject({ code: 'USAGE' });
  expect(await readdir(stateDir)).toEqual([]);
});

test('a port with no such name is refused before anything is got or made', async () => {
  const stateDir = await temporaryDirectory();
  withEnvironment({ XDG_CACHE_HOME: join(stateDir, 'cache'), PATH: '' });
  const error = await failureOf(up({ stateDir, ports: { web: 80 } }));
  expect(error).toMatchObject({ code: 'USAGE' });
  expect(String(error)).toContain('no port named web');
  expect(await readdir(stateDir)).toEqual([]);
});

test('without Go and without network nothing is started, and the way out is named', async () => {
  const directory = await temporaryDirectory();
  const stateDir = join(directory, 'state');
  withEnvironment({
    XDG_CACHE_HOME: join(directory, 'cache'),
    PATH: join(directory, 'none'),
    SLUICE_DOWNLOAD_BASE: 'http://127.0.0.1:9',
  });
  const error = await failureOf(up({ stateDir }));
  expect(error).toMatchObject({ code: 'LOCAL_BINARY_UNAVAILABLE', next: expect.stringMatching(/network.*Go 1\.24/) });
  expect(await inspect({ stateDir })).toMatchObject({ state: 'none', parts: [] });
});
