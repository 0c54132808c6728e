import { chmod, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { doctor } from '../../local/doctor.ts';
import { temporaryDirectory, withEnvironment } from './support/environment.ts';

async function emptyMachine(more: Readonly<Record<string, string>> = {}) {
  const directory = await temporaryDirectory();
  withEnvironment({ XDG_CACHE_HOME: join(directory, 'cache'), PATH: join(directory, 'none'), ...more });
  const report = await doctor({ stateDir: join(directory, 'state') });
  const find = (name: string) => report.findings.find((finding) => finding.name === name);
  return { directory, report, find };
}

test('on a machine with nothing it says what is missing and how to get it, and changes nothing', async () => {
  const { directory, report, find } = await emptyMachine();
  expect(find('kube-apiserver')).toMatchObject({
    group: 'programs',
    state: process.platform === 'linux' ? 'absent' : 'problem',
  });
  expect(find('kube-apiserver')?.detail).toContain('1.34.4');
  expect(find('agnhost')?.next).toContain('SLUICE_BIN_AGNHOST');
  expect(find('go')).toMatchObject({ state: 'absent' });
  expect(find('java')).toMatchObject({ state: 'absent' });
  expect(find('local stack')).toMatchObject({ state: 'absent', next: 'Start it with `sluice up`.' });
  expect(report.stack).toEqual({ stateDir: join(directory, 'state'), state: 'none', parts: [] });
  expect(await readdir(directory)).toEqual([]);
});

test('an explicit program tells its version, and that another one was tested', async () => {
  const own = join(await temporaryDirectory(), 'my-etcd');
  await writeFile(own, '#!/bin/sh\necho "etcd Version: 3.4.23"\n');
  await chmod(own, 0o755);
  const { find } = await emptyMachine({ SLUICE_BIN_ETCD: own });
  expect(find('etcd')).toMatchObject({ state: 'ok', version: '3.4.23', path: own });
  expect(find('etcd')?.detail).toContain('tested with 3.6.5');
});

test('an explicit program that is not there is a problem', async () => {
  const { report, find } = await emptyMachine({ SLUICE_BIN_ETCD: '/no/such/etcd' });
  expect(find('etcd')).toMatchObject({ state: 'problem', next: expect.stringContaining('SLUICE_BIN_ETCD') });
  expect(report.ok).toBe(false);
});
