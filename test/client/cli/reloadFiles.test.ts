import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reloadFilesOf } from '../../../client/cli/reloadFiles.ts';
import { reloadSchema } from '../../../workflows/contract/reload.schema.ts';

let here = '';
beforeEach(() => {
  here = mkdtempSync(join(tmpdir(), 'sluice-files-'));
});
afterEach(() => rmSync(here, { recursive: true }));

describe('--reload-files', () => {
  test('all below a directory, by its place there, and a single file; the schema takes it', () => {
    mkdirSync(join(here, 'conf.d/more'), { recursive: true });
    writeFileSync(join(here, 'conf.d/more/a.conf'), 'a\n');
    writeFileSync(join(here, 'conf.d/b.conf'), 'ü');
    writeFileSync(join(here, 'one'), '');
    const files = reloadFilesOf([`/etc/nginx=${here}/conf.d/`, `/etc/one=${here}/one`]);
    expect(files).toEqual([
      { path: '/etc/nginx/b.conf', text: 'ü' },
      { path: '/etc/nginx/more/a.conf', text: 'a\n' },
      { path: '/etc/one', text: '' },
    ]);
    expect(reloadSchema.parse({ version: '7', signal: 'HUP', files }).files).toEqual(files);
    expect(reloadFilesOf(undefined)).toBeUndefined();
  });

  test('the most that a spec holds is taken, a byte more is refused, whatever is in it, with what to do', () => {
    writeFileSync(join(here, 'large'), 'x'.repeat(32_768));
    const files = reloadFilesOf([`/f=${here}`]);
    expect(reloadSchema.safeParse({ version: '7', signal: 'HUP', files }).success).toBe(true);
    writeFileSync(join(here, 'more'), Buffer.of(255));
    expect(() => reloadFilesOf([`/f=${here}`])).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.stringContaining('32769 bytes in 2 files'),
        next: expect.stringContaining('oras push'),
      }),
    );
  });

  test.each([
    ['what is no text', () => writeFileSync(join(here, 'f'), Buffer.of(0xff, 0xfe)), 'no text in UTF-8'],
    ['a link', () => symlinkSync('/etc/passwd', join(here, 'f')), 'no file, but a link'],
    ['an empty directory', () => undefined, 'holds no file'],
  ])('%s is refused by name', (_, make, why) => {
    make();
    expect(() => reloadFilesOf([`/f=${here}`])).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(why) }),
    );
  });

  test.each([['/etc/nginx'], ['=here'], ['/etc='], ['/f=/none/there']])('%s is refused', (pair) => {
    expect(() => reloadFilesOf([pair])).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
