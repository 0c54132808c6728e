import { spawn } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { identify } from '../../../local/process/identity.ts';
import { withLock } from '../../../local/process/lock.ts';
import { together } from '../../../local/process/together.ts';
import { failureOf, temporaryDirectory } from '../support/environment.ts';

test('only one works at a time, also when a dead holder lies in the way of all', async () => {
  const directory = await temporaryDirectory();
  const file = join(directory, 'lock');
  const dead = spawn('/bin/true');
  await new Promise((resolve) => dead.once('exit', resolve));
  await writeFile(file, `${dead.pid} some-boot/42`);
  // What it waited with lies there, too.
  await writeFile(`${file}.${dead.pid}.0`, `${dead.pid} some-boot/42`);
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside++;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside--;
  };
  await Promise.all(Array.from({ length: 12 }, () => withLock(file, work)));
  expect(most).toBe(1);
  expect(await readdir(directory)).toEqual([]);
});

test('the number of a living process is no claim when it was another one that took the lock', async () => {
  const file = join(await temporaryDirectory(), 'lock');
  await writeFile(file, `${process.ppid} ${(await identify(process.ppid)) ?? ''}-but-earlier`);
  expect(await withLock(file, async () => 'mine')).toBe('mine');
});

test('whoever waits is told for whom, once, and can give up', async () => {
  const file = join(await temporaryDirectory(), 'lock');
  await writeFile(file, `${process.ppid} ${(await identify(process.ppid)) ?? ''}`);
  const stop = new AbortController();
  const told: number[] = [];
  const waiting = withLock(file, async () => 'never', {
    signal: stop.signal,
    onWait: (holder) => {
      told.push(holder);
      stop.abort(new Error('given up'));
    },
  });
  await failureOf(waiting);
  expect(told).toEqual([process.ppid]);
});

test('the lock is free again when the work fails', async () => {
  const file = join(await temporaryDirectory(), 'lock');
  const error = await failureOf(
    withLock(file, async () => {
      throw new Error('no luck');
    }),
  );
  expect(String(error)).toContain('no luck');
  expect(await withLock(file, async () => 'next')).toBe('next');
});

test('together: the first failure stops the others, is the one thrown, and comes when all have ended', async () => {
  const ended: string[] = [];
  const error = await failureOf(
    together([
      async (signal) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        ended.push('slow');
        signal.throwIfAborted();
      },
      async () => {
        throw new Error('first');
      },
    ]),
  );
  expect(String(error)).toContain('first');
  expect(ended).toEqual(['slow']);
});
