import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { markdownTable } from '../../client/docs/markdownTable.ts';
import { type KindName, kinds } from '../../workflows/contract/kinds.ts';
import { modes } from '../../workflows/contract/spec.schema.ts';
import { type Proof, ways } from './ways.ts';

const kindNames = Object.keys(kinds) as readonly KindName[];
const cells = Object.entries(ways).flatMap(([way, byKind]) =>
  kindNames.map((kind) => ({ way, kind, cell: byKind[kind] })),
);

describe('docs/kinds-and-modes.md', () => {
  it('has every mode', () => {
    const asked = modes.filter((mode) => !mode.startsWith('InPlace'));
    expect(Object.keys(ways)).toEqual(expect.arrayContaining([...asked, 'in place']));
  });

  it.each(cells)('$way of a $kind: the tests that show it are there', ({ cell }) => {
    for (const [file, title] of cell.shownBy) {
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      expect(text, `${file}: ${title}`).toContain(title);
    }
  });

  it('is written anew by `npx vitest run --project unit test/docs -u`', async () => {
    await expect(page()).toMatchFileSnapshot('../../docs/kinds-and-modes.md');
  });
});

function page(): string {
  const short = Object.entries(ways).map(([way, byKind]) => [
    way,
    ...kindNames.map((kind) => {
      const cell = byKind[kind];
      if ('refused' in cell) return `refused: \`${cell.refused}\``;
      return isOnKubelet(cell.shownBy) ? 'yes, on a real kubelet' : 'yes, on kwok';
    }),
  ]);
  const long = cells.flatMap(({ way, kind, cell }) =>
    'how' in cell
      ? [
          [
            way,
            `\`${kind}\``,
            cell.how,
            cell.native,
            cell.shownBy.map(([file, title]) => `[${title}](../${file})`).join('; '),
          ],
        ]
      : [],
  );
  return [
    '# What can be changed, in which way',
    '',
    'Made by test/docs/ways.test.ts of the tests that show each; [kinds.md](kinds.md) and [modes.md](modes.md) say more.',
    '',
    ...markdownTable(['way', ...kindNames.map((kind) => `\`${kind}\``)], short),
    '',
    '## How, and what native tools say afterwards',
    '',
    ...markdownTable(['way', 'kind', 'how', 'afterwards', 'shown by'], long),
    '',
  ].join('\n');
}

const isOnKubelet = (shownBy: readonly Proof[]): boolean => shownBy.some(([file]) => file.startsWith('test/e2e/'));
