import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { documents } from '../../../client/docs/documents.ts';
import { markdownTable } from '../../../client/docs/markdownTable.ts';
import { errors } from '../../../workflows/contract/errors.ts';

describe('docs/', () => {
  it.each(Object.entries(documents()))('%s is what `npm run docs` makes', async (name, text) => {
    expect(await readFile(new URL(`../../../docs/${name}`, import.meta.url), 'utf8')).toBe(text);
  });

  it('has a line for every error', () => {
    const page = documents()['errors.md'] ?? '';
    for (const code of Object.keys(errors)) expect(page).toContain(`| \`${code}\` |`);
  });
});

it('a bar in a cell does not end it', () => {
  expect(markdownTable(['a', 'b'], [['x | y', 'z']])).toEqual(['| a | b |', '|---|---|', String.raw`| x \| y | z |`]);
});
