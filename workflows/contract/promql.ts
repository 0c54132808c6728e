/** Without what stands in quotes: a label's value may look like anything. */
const outsideQuotes = (query: string): string => query.replace(/"(\\.|[^"\\])*"|'(\\.|[^'\\])*'|`[^`]*`/g, '""');

/** A range or the first part of a subquery: `[5m]`, `[1h30m:1m]`, of newer servers `[300]`. */
const range = /\[\s*((?:\d+(?:ms|[smhdwy]))+|\d+)\s*(?::[^\]]*)?\]/g;
const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/**
 * How far back the ranges of a PromQL query reach, those of subqueries added, ms: 60,000 for `rate(x[1m])`. Undefined where
 * one is not written as a time, or the query asks about a time that is over (`offset`, `@`).
 */
export function reachMs(query: string): number | undefined {
  const text = outsideQuotes(query);
  if (/(^|[^\w:])offset([^\w:]|$)|@/.test(text) || text.replace(range, '').includes('[')) return undefined;
  let sum = 0;
  for (const [, time = ''] of text.matchAll(range)) {
    for (const [, count, unit = 's'] of time.matchAll(/(\d+)(ms|[smhdwy])?/g))
      sum += Number(count) * (unitMs[unit] ?? 0);
  }
  return sum;
}

/** `in_flight{pod="a"}`, and what has no name before its labels. */
const selector = /(?:[a-zA-Z_:][\w:]*\s*)?\{(?:[^{}"'`]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)*\}/g;

/** The series of single pods that a query asks about: its selectors with `{pod}` or `{ip}` in a label's value. */
export const podSelectors = (query: string): readonly string[] =>
  [...query.matchAll(selector)].map(([text]) => text).filter((text) => /["'`].*\{(pod|ip)\}.*["'`]/.test(text));
