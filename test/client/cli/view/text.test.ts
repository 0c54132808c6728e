import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ends, fit, harmless, padEnd, widthOf, wrap } from '../../../../client/cli/view/text.ts';

describe('width', () => {
  test.each([
    ['plain', 5],
    ['\u001B[31mred\u001B[39m', 3],
    ['发布', 4],
    ['e\u0301', 1],
    ['', 0],
  ])('%j takes %i columns', (text, width) => expect(widthOf(text)).toBe(width));
});

describe('fit', () => {
  test('leaves short text alone and ends long text with an ellipsis', () => {
    expect(fit('checkout', 8)).toBe('checkout');
    expect(fit('checkout', 6)).toBe('check…');
  });

  test('closes the colours that it cuts', () => {
    expect(fit('\u001B[31mcheckout\u001B[39m', 6)).toBe('\u001B[31mcheck…\u001B[0m');
  });

  test('never cuts a wide character in two', () => {
    expect(fit('发布应用', 6)).toBe('发布…');
    expect(fit('发布应用', 5)).toBe('发布…');
    expect(fit('发布应用', 4)).toBe('发…');
  });

  test('is never wider than asked', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, width) => {
        expect(widthOf(fit(text, width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('wrap', () => {
  test('breaks between words, and never inside a command', () => {
    expect(wrap('See it with `sluice status deployment/checkout`, now', 20)).toEqual([
      'See it with',
      '`sluice status deployment/checkout`,',
      'now',
    ]);
  });

  test('keeps paragraphs and every word', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }),
        fc.integer({ min: 5, max: 50 }),
        (words, width) => {
          const lines = wrap(words.join(' '), width);
          expect(lines.join(' ').split(' ')).toEqual(words);
        },
      ),
    );
    expect(wrap('a\n\nb', 10)).toEqual(['a', '', 'b']);
  });
});

test('ends: the right side keeps its place, the left side gives way', () => {
  expect(ends('left', 'right', 20)).toBe('left           right');
  expect(ends('a very long left side', 'right', 20)).toBe('a very long l… right');
  expect(ends('left', 'much too long for that', 20)).toBe('left');
});

test('harmless takes away what a terminal would obey', () => {
  expect(harmless('\u001B[31mred\u001B[0m\u0007 a\tb\r\nc\u202Ed')).toBe('red  a b c d');
});

test('padEnd counts columns, not characters', () => {
  expect(padEnd('发', 4)).toBe('发  ');
});
