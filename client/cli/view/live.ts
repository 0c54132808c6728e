import type { Screen } from '../io.ts';
import { fit } from './text.ts';

const control = {
  hideCursor: '\u001B[?25l',
  showCursor: '\u001B[?25h',
  // Terminals that know synchronized output show the frame at once; others ignore it.
  begin: '\u001B[?2026h',
  end: '\u001B[?2026l',
  clearLine: '\u001B[K',
  clearBelow: '\u001B[J',
  clearAll: '\u001B[2J\u001B[H',
};

/** A block of lines at the end of the terminal that is drawn over itself; what stood above it stays. */
export interface Live {
  draw(lines: readonly string[]): void;
  /** Draws the last frame and leaves the cursor below it. */
  finish(lines: readonly string[]): void;
  /** The terminal has another size: what it did with the lines on it nobody knows, so the next frame begins on a clean screen. */
  readonly resized: () => void;
  /** Somebody pressed Enter: the cursor is one line further down. */
  readonly typed: () => void;
}

export function liveOn(screen: Screen): Live {
  let height = 0;
  let dirty = false;
  const toTop = (): string => {
    if (dirty) return control.clearAll;
    return height === 0 ? '\r' : `\r\u001B[${height}A`;
  };
  const frame = (lines: readonly string[]): string => {
    const { columns } = screen.size();
    const fitting = lines.map((line) => fit(line, columns));
    const text = fitting.map((line) => `${line}${control.clearLine}\n`).join('');
    const out = `${toTop()}${text}${control.clearBelow}`;
    height = fitting.length;
    dirty = false;
    return out;
  };
  return {
    draw: (lines) => screen.write(`${control.begin}${control.hideCursor}${frame(lines)}${control.end}`),
    finish(lines) {
      screen.write(`${control.begin}${frame(lines)}${control.showCursor}${control.end}`);
      height = 0;
    },
    resized: () => void (dirty = true),
    typed: () => void (height += 1),
  };
}
