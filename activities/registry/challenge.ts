/** A registry's demand for a token: `WWW-Authenticate: Bearer realm="…",service="…",scope="…"`. */
export interface Challenge {
  readonly realm: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads the header; undefined where it asks for something else than a bearer token. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const [, rest] = /^Bearer\s+(.*)$/i.exec(header ?? '') ?? [];
  if (rest === undefined) return undefined;
  const found: Record<string, string> = {};
  for (const [, key = '', value = ''] of rest.matchAll(/(\w+)="([^"]*)"/g)) found[key.toLowerCase()] = value;
  const { realm, ...parameters } = found;
  return realm === undefined ? undefined : { realm, parameters };
}
