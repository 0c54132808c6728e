import { request } from 'undici';
import { failureText } from '../failureText.ts';
import { type Answer, readAnswer } from './answer.ts';

const timeoutMs = 10_000;

/** Asks one instant query of the HTTP API (`/api/v1/query`). Throws only what `signal` was aborted with. */
export async function instantQuery(
  { server, query }: { readonly server: string; readonly query: string },
  signal: AbortSignal,
): Promise<Answer> {
  const url = new URL(server);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/query`;
  url.searchParams.set('query', query);
  try {
    const { statusCode, body } = await request(url, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    return readAnswer(statusCode, await body.text());
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'error', reason: failureText(error, timeoutMs) };
  }
}
