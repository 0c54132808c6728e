import { expect, test } from 'vitest';
import { failureLines } from '../../../../client/cli/view/failure.ts';
import { look } from '../fixtures.ts';

test('an error says what, where, what to do, and its code', () => {
  const issue = {
    where: 'release.yaml:12:14',
    field: 'strategy.batches.0',
    found: '"120%"',
    allowed: 'a whole percentage from 1% to 100%',
  };
  expect(
    failureLines(
      {
        code: 'SPEC_INVALID',
        message: 'release.yaml is not valid.',
        next: 'Correct the named field.',
        problems: [issue],
      },
      look(),
    ),
  ).toEqual([
    'error: release.yaml is not valid.',
    '  release.yaml:12:14  strategy.batches.0',
    '    found   "120%"',
    '    allowed a whole percentage from 1% to 100%',
    '→ Correct the named field.',
    '  SPEC_INVALID',
  ]);
});

test('commands in a next step stay whole, one a line', () => {
  const next = 'Register them once:\ntemporal operator search-attribute create --name SluiceApp --type Keyword';
  expect(failureLines({ code: 'TEMPORAL_REFUSED', message: 'No.', next }, look()).slice(1, 3)).toEqual([
    '→ Register them once:',
    '  temporal operator search-attribute create --name SluiceApp --type Keyword',
  ]);
});
