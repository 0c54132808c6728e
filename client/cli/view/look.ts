import picocolors from 'picocolors';
import type { PodState } from '../../../workflows/contract/status.ts';
import type { Io, Screen } from '../io.ts';

export type Colours = Pick<
  ReturnType<typeof picocolors.createColors>,
  'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'gray' | 'inverse'
>;

/** How to draw: what the terminal can show, its size, and what time it is. */
export interface Look {
  readonly colours: Colours;
  readonly glyphs: Glyphs;
  /** Columns. */
  readonly width: number;
  /** Rows; undefined: as many as it takes. */
  readonly height?: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Number of the picture in a live view, so that something turns; undefined in one that stands still. */
  readonly frame?: number;
}

export interface Glyphs {
  readonly pod: Readonly<Record<PodState, string>>;
  readonly ok: string;
  readonly bad: string;
  readonly warn: string;
  readonly arrow: string;
  readonly now: string;
  readonly bar: string;
  readonly barFull: string;
  readonly barEmpty: string;
  readonly dot: string;
  readonly spinner: readonly string[];
}

/** Only characters of one column that no terminal draws as an emoji. */
const unicode: Glyphs = {
  pod: {
    queued: '·',
    drain: '↓',
    silence: '≈',
    patch: '±',
    recreate: '±',
    wait: '○',
    check: '?',
    out: '↓',
    restore: '↑',
    warm: '◐',
    retire: '↓',
    done: '●',
    failed: '✗',
    gone: '∅',
    undone: '↺',
  },
  ok: '✓',
  bad: '✗',
  warn: '!',
  arrow: '→',
  now: '▸',
  bar: '┃',
  barFull: '━',
  barEmpty: '─',
  dot: '·',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};

const ascii: Glyphs = {
  pod: {
    queued: '.',
    drain: 'v',
    silence: '~',
    patch: 'p',
    recreate: 'r',
    wait: 'o',
    check: '?',
    out: 'v',
    restore: '^',
    warm: 'w',
    retire: 'v',
    done: '#',
    failed: 'x',
    gone: '-',
    undone: '<',
  },
  ok: 'ok',
  bad: 'x',
  warn: '!',
  arrow: '->',
  now: '>',
  bar: '|',
  barFull: '=',
  barEmpty: '-',
  dot: '-',
  spinner: ['|', '/', '-', '\\'],
};

/** How to draw on `screen`: NO_COLOR (https://no-color.org) and FORCE_COLOR are honoured. */
export function lookFor(screen: Screen, io: Pick<Io, 'env' | 'now'>): Look {
  return {
    colours: picocolors.createColors(wantsColour(screen, io.env)),
    glyphs: isUnicode(io.env) ? unicode : ascii,
    // Whoever reads a file wants whole lines.
    width: screen.isTTY ? Math.max(20, screen.size().columns) : 120,
    now: io.now(),
  };
}

export function wantsColour(screen: Pick<Screen, 'isTTY'>, env: Io['env']): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return screen.isTTY && env['TERM'] !== 'dumb';
}

/** The Linux console has few characters; a locale that names another character set means it. */
function isUnicode(env: Io['env']): boolean {
  if (env['TERM'] === 'linux' || env['TERM'] === 'dumb') return false;
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return !locale.includes('.') || /utf-?8/i.test(locale);
}
