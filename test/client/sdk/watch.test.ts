import { expect, test } from 'vitest';
import { watchStatus } from '../../../client/sdk/watch.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import type { ReleaseStatus } from '../../../workflows/contract/status.ts';
import { status } from '../cli/fixtures.ts';

/** Answers one after the other; the last one again and again. */
function answers(...given: (ReleaseStatus | SluiceError)[]): () => Promise<ReleaseStatus> {
  return () => {
    const next = given.length > 1 ? given.shift() : given[0];
    return next instanceof SluiceError ? Promise.reject(next) : Promise.resolve(next ?? status());
  };
}

async function texts(
  read: () => Promise<ReleaseStatus>,
  options: Parameters<typeof watchStatus>[1] = {},
): Promise<string[]> {
  const seen: string[] = [];
  for await (const one of watchStatus(read, { intervalMs: 1, ...options })) seen.push(one.text);
  return seen;
}

const over = status({ phase: 'succeeded', text: 'end' });

test('tells each change once, and ends with the release', async () => {
  expect(await texts(answers(status({ text: 'a' }), status({ text: 'a' }), status({ text: 'b' }), over))).toEqual([
    'a',
    'b',
    'end',
  ]);
});

test('waits out what passes by itself and says so', async () => {
  const troubles: (string | undefined)[] = [];
  const away = new SluiceError('TEMPORAL_UNREACHABLE');
  expect(
    await texts(answers(status({ text: 'a' }), away, over), { onTrouble: (error) => troubles.push(error?.code) }),
  ).toEqual(['a', 'end']);
  expect(troubles).toEqual(['TEMPORAL_UNREACHABLE', undefined]);
});

test('throws what does not pass', async () => {
  await expect(texts(answers(new SluiceError('RELEASE_NOT_FOUND')))).rejects.toMatchObject({
    code: 'RELEASE_NOT_FOUND',
  });
});

test('another release of the same workload is not followed', async () => {
  expect(await texts(answers(status({ text: 'a' }), status({ text: 'b', run: 'run-2' })), { run: 'run-1' })).toEqual([
    'a',
  ]);
});

test('ends when it is told to', async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  for await (const one of watchStatus(answers(status({ text: 'a' })), { intervalMs: 60_000, signal: stop.signal })) {
    seen.push(one.text);
    setImmediate(() => stop.abort());
  }
  expect(seen).toEqual(['a']);
});
