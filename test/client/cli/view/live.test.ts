import { beforeEach, expect, test } from 'vitest';
import { type Live, liveOn } from '../../../../client/cli/view/live.ts';

/** A terminal of 20 × 8 that knows what the live view uses. */
class Terminal {
  readonly columns = 20;
  lines: string[] = ['$ sluice', ''];
  row = 1;
  cursorShown = true;

  write(text: string): void {
    // oxlint-disable-next-line no-control-regex -- escape sequences are what a terminal reads
    for (const part of text.split(/(\u001B\[\??[0-9]*[A-Za-z]|\r|\n)/)) this.#take(part);
  }

  #take(part: string): void {
    if (part === '' || part === '\r') return;
    if (part === '\n') {
      this.row += 1;
      this.lines[this.row] ??= '';
    } else if (part === '\u001B[K') this.lines[this.row] = (this.lines[this.row] ?? '').slice(0, this.#column);
    else if (part === '\u001B[J')
      this.lines = [...this.lines.slice(0, this.row), (this.lines[this.row] ?? '').slice(0, this.#column)];
    else if (part === '\u001B[2J') this.lines = [''];
    else if (part === '\u001B[H') this.row = 0;
    else if (part.endsWith('A')) this.row -= Number(part.slice(2, -1));
    else if (part === '\u001B[?25l') this.cursorShown = false;
    else if (part === '\u001B[?25h') this.cursorShown = true;
    else if (!part.startsWith('\u001B')) {
      this.lines[this.row] = part + (this.lines[this.row] ?? '').slice(part.length);
      this.#column = part.length;
      return;
    }
    if (part !== '\u001B[K') this.#column = 0;
  }

  #column = 0;
}

let terminal: Terminal;
let live: Live;
beforeEach(() => {
  terminal = new Terminal();
  live = liveOn({
    write: (text) => terminal.write(text),
    isTTY: true,
    size: () => ({ columns: terminal.columns, rows: 8 }),
    onResize: () => () => undefined,
  });
});

test('each picture replaces the last, whole, and what stood above stays', () => {
  live.draw(['a long first line', 'second', 'third']);
  live.draw(['short', 'x']);
  expect(terminal.lines).toEqual(['$ sluice', 'short', 'x', '']);
  live.finish(['end']);
  expect(terminal.lines).toEqual(['$ sluice', 'end', '']);
});

test('lines are cut to the width, or one would take two', () => {
  live.draw(['0123456789012345678901234567']);
  expect(terminal.lines[1]).toBe('0123456789012345678…');
});

test('the cursor is hidden while it lives and shown at the end', () => {
  live.draw(['a']);
  expect(terminal.cursorShown).toBe(false);
  live.finish(['a']);
  expect(terminal.cursorShown).toBe(true);
});

test('after a change of size it begins on a clean screen', () => {
  live.draw(['a', 'b', 'c']);
  live.resized();
  live.draw(['d']);
  expect(terminal.lines).toEqual(['d', '']);
  live.draw(['e']);
  expect(terminal.lines).toEqual(['e', '']);
});
