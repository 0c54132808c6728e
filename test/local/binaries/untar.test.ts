import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { expect, test } from 'vitest';
import { untar } from '../../../local/binaries/untar.ts';
import { failureOf } from '../support/environment.ts';
import { tarGz } from '../support/mirror.ts';

async function extract(files: Readonly<Record<string, string>>, member: string, chunkSize: number, cut?: number) {
  const tar: Buffer = Buffer.concat(
    await Readable.from([await tarGz(files)])
      .pipe(createGunzip())
      .toArray(),
  );
  const whole = tar.subarray(0, cut);
  const chunks = Array.from({ length: Math.ceil(whole.length / chunkSize) }, (_, index) =>
    whole.subarray(index * chunkSize, (index + 1) * chunkSize),
  );
  const parts: Buffer[] = [];
  for await (const part of untar(Readable.from(chunks), member)) parts.push(part);
  return Buffer.concat(parts).toString();
}

const files = { 'a/': '', 'a/one': '1'.repeat(512), 'a/two': 'two', 'two.txt': 'no', 'b/two': 'another' };

test.each([1, 7, 512, 513, 100_000])('finds a file whatever the size of the chunks: %i', async (size) => {
  expect(await extract(files, 'two', size)).toBe('two');
  expect(await extract(files, 'one', size)).toBe('1'.repeat(512));
});

test('a file that is not there, and an archive that ends inside it, are errors', async () => {
  expect(String(await failureOf(extract(files, 'three', 512)))).toContain('no file three');
  expect(String(await failureOf(extract(files, 'one', 512, 512 + 512 + 100)))).toContain('Unexpected end');
});
