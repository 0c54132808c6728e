import { humanDuration } from '../workflows/contract/quantity.ts';

/** Why an HTTP call got no answer, in a few words: `no answer within 5s`, `ECONNREFUSED`. Without its URL or headers. */
export function failureText(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return 'no answer';
  if (error.name === 'TimeoutError') return `no answer within ${humanDuration(timeoutMs)}`;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return code ?? (error.message || error.name);
}
