import { request } from 'undici';
import { decode } from '../kubernetes/decode.ts';
import { parseChallenge } from './challenge.ts';
import { isLoopback } from './imageReference.ts';

interface Answer {
  /** HTTP status. */
  readonly status: number;
  /** The header WWW-Authenticate. */
  readonly challenge: string | undefined;
}

/** Asks without a login; once more with the token that a registry gives to everybody, where it wants one. */
export async function anonymously<T extends Answer>(
  ask: (token?: string) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const first = await ask();
  if (first.status !== 401) return first;
  const token = await anonymousToken(first.challenge, signal);
  return token === undefined ? first : ask(token);
}

/** A token for reading without a login; undefined where there is none to be had. */
async function anonymousToken(header: string | undefined, signal: AbortSignal): Promise<string | undefined> {
  const challenge = parseChallenge(header);
  if (!challenge) return undefined;
  const url = new URL(challenge.realm);
  if (url.protocol !== 'https:' && !isLoopback(url.host)) return undefined;
  for (const [key, value] of Object.entries(challenge.parameters)) url.searchParams.set(key, value);
  const response = await request(url, { signal });
  const text = await response.body.text();
  if (response.statusCode !== 200) return undefined;
  const { token, access_token: accessToken } = decode<{ token?: string; access_token?: string }>(text);
  return token ?? accessToken;
}
