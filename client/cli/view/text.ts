/** Text on a terminal: its width, its shortening, and what must never get there. Pure. */

// oxlint-disable-next-line no-control-regex -- escape sequences are what this file is about
const escapes = /(\u001B\[[0-9;?]*[ -/]*[@-~])/g;
// oxlint-disable-next-line no-control-regex -- see above
const controls = /[\u0000-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]+/g;
const wide =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|[\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;
const combining = /\p{Mark}/u;

/** Columns that `text` takes on a terminal, colours left out. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text.replaceAll(escapes, '')) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  if (combining.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

/** `text` shortened to `width` columns with an ellipsis; colours are kept and closed. */
export function fit(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width <= 0) return '';
  let out = '';
  let used = 0;
  let coloured = false;
  for (const part of text.split(escapes)) {
    if (part.startsWith('\u001B')) {
      out += part;
      coloured = true;
      continue;
    }
    for (const character of part) {
      const size = characterWidth(character);
      if (used + size > width - 1) return `${out}…${coloured ? '\u001B[0m' : ''}`;
      out += character;
      used += size;
    }
  }
  return out;
}

/** `text` with spaces behind it up to `width` columns. */
export const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));

/** `text` with spaces before it up to `width` columns. */
export const padStart = (text: string, width: number): string => ' '.repeat(Math.max(0, width - widthOf(text))) + text;

/** `left` and `right` at the two ends of a line; `left` is shortened if need be. */
export function ends(left: string, right: string, width: number): string {
  const room = width - widthOf(right) - 1;
  if (right === '' || room < 10) return fit(left, width);
  return `${padEnd(fit(left, room), room)} ${right}`;
}

/**
 * Words of `text` in lines of at most `width` columns; words that are longer stand alone. A command between backticks is
 * one word: broken in two it could not be copied.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.match(/\S*`[^`]*`\S*|\S+|^$/g) ?? []) {
      if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

/**
 * `text` without anything that moves the cursor, colours, or hides: names, reasons and log lines are written by others,
 * and a terminal obeys what it is sent.
 */
export const harmless = (text: string): string => text.replaceAll(escapes, '').replaceAll(controls, ' ').trimEnd();

/** {@link harmless} for every string in a piece of plain data. */
export function harmlessDeep<T>(value: T): T {
  if (typeof value === 'string') return harmless(value) as T;
  if (Array.isArray(value)) return value.map((item) => harmlessDeep(item as unknown)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, harmlessDeep(item as unknown)])) as T;
}
