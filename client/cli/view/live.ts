import type { Screen } from '../io.ts';
import { fit, widthOf } from './text.ts';

const control = {
  hideCursor: '\u001B[?25l',
  showCursor: '\u001B[?25h',
  // Terminals that know synchronized output show the frame at once; others ignore it.
  begin: '\u001B[?2026h',
  end: '\u001B[?2026l',
  clearLine: '\u001B[K',
  clearBelow: '\u001B[J',
};

/** A block of lines at the end of the terminal that is drawn over itself; what stood above it stays. */
export interface Live {
  draw(lines: readonly string[]): void;
  /** Draws the last frame and leaves the cursor below it. */
  finish(lines: readonly string[]): void;
}

export function liveOn(screen: Screen): Live {
  let shown: readonly string[] = [];
  const toTop = (): string => {
    // A terminal that became narrower has broken the lines of the last frame: count what they take now.
    const { columns, rows } = screen.size();
    const taken = shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    return taken === 0 ? '\r' : `\r\u001B[${Math.min(taken, rows)}A`;
  };
  const frame = (lines: readonly string[]): string => {
    const { columns } = screen.size();
    const fitting = lines.map((line) => fit(line, columns));
    const text = fitting.map((line) => `${line}${control.clearLine}\n`).join('');
    const out = `${toTop()}${text}${control.clearBelow}`;
    shown = fitting;
    return out;
  };
  return {
    draw: (lines) => screen.write(`${control.begin}${control.hideCursor}${frame(lines)}${control.end}`),
    finish(lines) {
      screen.write(`${control.begin}${frame(lines)}${control.showCursor}${control.end}`);
      shown = [];
    },
  };
}
