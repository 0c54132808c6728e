const longest = 80;

/** What was found, in a few words. Of an address only scheme and host: the rest may hold a secret. */
export function describeFound(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'nothing (null)';
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return describeList(value);
  if (typeof value === 'object') return describeMapping(Object.keys(value));
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}

function quoted(text: string): string {
  const address = /^([a-z][a-z0-9+.-]*:\/\/)(?:[^/?#]*@)?([^/?#]*)[/?#]./i.exec(text);
  const shown = address === null ? text : `${address[1]}${address[2]}/…`;
  return JSON.stringify(shown.length > longest ? `${shown.slice(0, longest)}…` : shown);
}

function describeList(entries: readonly unknown[]): string {
  if (entries.length === 0) return 'an empty list';
  const text = `[${entries.map(describeFound).join(', ')}]`;
  return text.length > longest ? `a list of ${entries.length}` : text;
}

function describeMapping(keys: readonly string[]): string {
  if (keys.length === 0) return 'an empty mapping';
  const text = keys.join(', ');
  return text.length > longest ? `a mapping with ${keys.length} fields` : `a mapping with ${text}`;
}
