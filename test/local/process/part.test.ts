import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ensurePart } from '../../../local/ensure-part.ts';
import { identify } from '../../../local/process/identity.ts';
import { inspectPart } from '../../../local/process/inspect.ts';
import { livingPid, type PartRecord, readRecords, writeRecord } from '../../../local/process/record.ts';
import { awaitReady, launch, launcher } from '../../../local/process/start.ts';
import { stopPart } from '../../../local/process/stop.ts';
import { until } from '../../../local/process/wait.ts';
import type { Part, Progress, StackPaths } from '../../../local/types.ts';
import { failureOf } from '../support/environment.ts';
import { serverPart, stateDirectory } from '../support/parts.ts';

const startReady = async (part: Part, paths: StackPaths): Promise<PartRecord> => {
  const record = await launch(part, 0, paths);
  await awaitReady(record);
  return record;
};

test('a part runs, is ready, and is stopped', async () => {
  const paths = await stateDirectory();
  const record = await startReady(await serverPart(paths, 'server'), paths);
  const pid = await livingPid(record);
  expect(await inspectPart(record)).toMatchObject({ name: 'server', state: 'running', pid });
  expect(await stopPart(record, paths.run)).toBe(true);
  expect(await livingPid(record)).toBeUndefined();
  expect(await readRecords(paths.run)).toEqual([]);
});

test.runIf(process.platform === 'linux')(
  'Ctrl-C in the terminal does not reach a part: its process group is its own',
  async () => {
    const paths = await stateDirectory();
    const pid = await livingPid(await startReady(await serverPart(paths, 'server'), paths));
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    expect(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]).toBe(String(pid));
  },
);

test('a part that dies while it starts is noticed at once, with the end of its log', async () => {
  const paths = await stateDirectory();
  const part = await serverPart(paths, 'broken', "console.log('first line'); throw new Error('the disk is on fire');");
  const began = performance.now();
  const error = await failureOf(startReady(part, paths));
  expect(error).toMatchObject({ code: 'LOCAL_PART_DIED', details: { part: 'broken' } });
  expect(String(error)).toContain('broken died while it started');
  expect(String(error)).toContain('the disk is on fire');
  // Its time-out is 20 s.
  expect(performance.now() - began).toBeLessThan(15_000);
});

test('a part that never gets ready is named with what it answered', async () => {
  const paths = await stateDirectory();
  const part = await serverPart(paths, 'sulking', '', { startTimeoutMs: 1_000 });
  const sulking: Part = { ...part, ready: { kind: 'http', url: `http://127.0.0.1:${part.ports?.[0]}/`, status: 204 } };
  const error = await failureOf(startReady(sulking, paths));
  expect(error).toMatchObject({ code: 'LOCAL_PART_DIED' });
  expect(String(error)).toContain('was not ready after 1 s: HTTP 200: ok');
});

test('a program that is not there is a part that died', async () => {
  const paths = await stateDirectory();
  const part: Part = {
    name: 'nothing',
    binary: '/no/such/program',
    args: [],
    ready: { kind: 'tcp', host: '127.0.0.1', port: 9 },
  };
  const error = await failureOf(startReady(part, paths));
  expect(error).toMatchObject({ code: 'LOCAL_PART_DIED' });
  expect(String(error)).toContain('/no/such/program');
});

test('a part that ignores SIGTERM is killed after its grace', async () => {
  const paths = await stateDirectory();
  const part = await serverPart(paths, 'stubborn', "process.on('SIGTERM', () => console.log('no'));", { graceMs: 200 });
  const record = await startReady(part, paths);
  expect(await stopPart(record, paths.run)).toBe(true);
  expect(await livingPid(record)).toBeUndefined();
  expect(await readFile(record.log, 'utf8')).toContain('no');
});

test('a recycled process number is neither taken for the part nor killed', async () => {
  const paths = await stateDirectory();
  const record = await startReady(await serverPart(paths, 'server'), paths);
  await stopPart(record, paths.run);
  const innocent = spawn('/bin/sleep', ['60']);
  try {
    const pid = innocent.pid ?? 0;
    await writeFile(record.pidFile, `${pid}\n`);
    await writeRecord(paths.run, record);
    expect(await inspectPart(record)).toMatchObject({ state: 'dead' });
    expect(await stopPart(record, paths.run)).toBe(false);
    expect(await identify(pid)).toBeDefined();
    // Also when the starting command was killed before it wrote down which process it was.
    const { identity: _lost, ...early } = record;
    await writeFile(record.pidFile, `${pid}\n`);
    expect(await stopPart(early, paths.run)).toBe(false);
    expect(await identify(pid)).toBeDefined();
  } finally {
    innocent.kill('SIGKILL');
  }
});

test('a part is found again when the starting command was killed before it wrote down which process it was', async () => {
  const paths = await stateDirectory();
  const record = await startReady(await serverPart(paths, 'server'), paths);
  const { identity: _lost, ...early } = record;
  await writeRecord(paths.run, early);
  const [found] = await readRecords(paths.run);
  expect(found).toEqual(early);
  expect(await livingPid(early)).toBe(await livingPid(record));
});

test.runIf(process.platform === 'linux')(
  'a process that only waits for its parent to notice its end counts as gone',
  async () => {
    // The inner sleep ends under a parent that never asks: a zombie.
    const child = spawn('/bin/sh', ['-c', 'sleep 0.2 & exec sleep 60']);
    onTestFinished(() => void child.kill('SIGKILL'));
    const zombie = await until(async () => zombieUnder(child.pid ?? 0), { timeoutMs: 60_000 });
    expect(zombie).toBeDefined();
    expect(await identify(zombie ?? 0)).toBeUndefined();
  },
);

async function zombieUnder(pid: number): Promise<number | undefined> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const inner = Number(children.trim());
  const stat = await readFile(`/proc/${inner}/stat`, 'utf8').catch(() => '');
  return stat.includes(') Z ') ? inner : undefined;
}

/** As much of a context as ensurePart uses. */
function contextOf(paths: StackPaths) {
  const steps: string[] = [];
  const report = (progress: Progress) => {
    if (progress.kind === 'part')
      steps.push(`${progress.step}${progress.detail === undefined ? '' : `: ${progress.detail}`}`);
  };
  return { context: { paths, report } as Parameters<typeof ensurePart>[2], steps };
}

test('a part that runs as wanted is kept; one that is dead or was changed is started again', async () => {
  const paths = await stateDirectory();
  const config = join(paths.config, 'settings');
  await writeFile(config, 'one');
  const part = await serverPart(paths, 'server', '', { configFiles: [config] });
  const { context, steps } = contextOf(paths);
  const pid = async () => {
    const [record] = await readRecords(paths.run);
    return record && livingPid(record);
  };
  await ensurePart(part, 0, context);
  const first = await pid();
  await ensurePart(part, 0, context);
  expect(await pid()).toBe(first);
  await writeFile(config, 'two');
  await ensurePart(part, 0, context);
  const second = await pid();
  expect(second).not.toBe(first);
  process.kill(second ?? 0, 'SIGKILL');
  await until(async () => ((await pid()) === undefined ? true : undefined), { timeoutMs: 60_000 });
  await ensurePart(part, 0, context);
  await ensurePart({ ...part, env: { LEVEL: 'debug' } }, 0, context);
  expect(steps).toEqual([
    'starting',
    'ready',
    'kept',
    'restarting: its settings changed',
    'ready',
    'restarting: it was dead',
    'ready',
    'restarting: its settings changed',
    'ready',
  ]);
});

test('a part that dies while it is looked at is started again, as one that was found dead', async () => {
  const paths = await stateDirectory();
  const lived = join(paths.config, 'lived');
  const once = `if (!require('fs').existsSync('${lived}')) {
    require('fs').writeFileSync('${lived}', '');
    require('http').createServer(() => process.kill(process.pid, 'SIGKILL')).listen(Number(process.env.PORT), '127.0.0.1');
  } else `;
  const wanted = await serverPart(paths, 'fragile', once);
  const part = { ...wanted, env: { PORT: String(wanted.ports?.[0]) } };
  await launch(part, 0, paths);
  await until(async () => existsSync(lived) || undefined, { timeoutMs: 60_000 });
  const { context, steps } = contextOf(paths);
  await ensurePart(part, 0, context);
  expect(steps).toEqual(['restarting: it was dead', 'ready']);
});

test('a part that is stopped before its process has written its number down never runs', async () => {
  const paths = await stateDirectory();
  const [fifo, permit, ran] = ['fifo', 'permit', 'ran'].map((name) => join(paths.config, name));
  execFileSync('/usr/bin/mkfifo', [fifo ?? '']);
  await writeFile(permit ?? '', '');
  // The launcher hangs where it writes its number, until somebody reads it.
  const child = spawn('/bin/sh', [
    '-c',
    launcher,
    'sh',
    fifo ?? '',
    permit ?? '',
    '/bin/sh',
    '-c',
    `touch ${ran}; sleep 60`,
  ]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const part = await serverPart(paths, 'server');
  const unseen = { part, order: 0, log: '', pidFile: join(paths.run, 'not-written'), permit: permit ?? '', config: '' };
  expect(await stopPart(unseen, paths.run)).toBe(false);
  expect((await readFile(fifo ?? '', 'utf8')).trim()).toBe(String(child.pid));
  expect(await ended).not.toBe(0);
  expect(await readdir(paths.config)).not.toContain('ran');
});
