import { describe, expect, test } from 'vitest';
import { lookFor, wantsColour } from '../../../../client/cli/view/look.ts';
import { statusLines } from '../../../../client/cli/view/status.ts';
import { inBatch, look } from '../fixtures.ts';

describe('colours', () => {
  const tty = { isTTY: true };
  const pipe = { isTTY: false };
  test('only on a terminal', () => {
    expect(wantsColour(tty, {})).toBe(true);
    expect(wantsColour(pipe, {})).toBe(false);
    expect(wantsColour(tty, { TERM: 'dumb' })).toBe(false);
  });

  test('NO_COLOR wins, FORCE_COLOR forces', () => {
    expect(wantsColour(tty, { NO_COLOR: '1' })).toBe(false);
    expect(wantsColour(tty, { NO_COLOR: '' })).toBe(true);
    expect(wantsColour(pipe, { FORCE_COLOR: '1' })).toBe(true);
    expect(wantsColour(tty, { FORCE_COLOR: '0' })).toBe(false);
    expect(wantsColour(tty, { NO_COLOR: '1', FORCE_COLOR: '1' })).toBe(false);
  });

  test('without them nothing but text is drawn', () => {
    const text = statusLines(inBatch(), look({ colour: false }), { cluster: 'local' }).join('\n');
    expect(text).not.toContain('\u001B');
    expect(text).toContain('[BATCH]');
  });
});

describe('characters', () => {
  const screen = {
    write: () => undefined,
    isTTY: true,
    size: () => ({ columns: 80, rows: 24 }),
    onResize: () => () => undefined,
  };
  const drawn = (env: Record<string, string>): string =>
    statusLines(inBatch(), lookFor(screen, { env: { ...env, NO_COLOR: '1' }, now: () => 0 }), {
      cluster: 'local',
    }).join('\n');
  test.each([[{ TERM: 'linux' }], [{ LANG: 'de_DE.ISO-8859-1' }]])('%j gets ASCII', (env) => {
    // oxlint-disable-next-line no-control-regex -- ASCII is what is asked
    expect(drawn(env)).toMatch(/^[\u0000-\u007F]*$/);
  });
  test.each([[{}], [{ LANG: 'C.UTF-8' }], [{ LC_ALL: 'C', LANG: 'x' }]])('%j gets Unicode', (env) =>
    expect(drawn(env)).toContain('━'),
  );
});
