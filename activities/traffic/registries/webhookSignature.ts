import { createHmac } from 'node:crypto';
import { RegistryFailure } from './failure.ts';

/** Bits enough that nobody guesses it: https://github.com/standard-webhooks/standard-webhooks, Signature scheme. */
const leastBytes = 24;

/**
 * The headers of Standard Webhooks: `id.timestamp.body` by HMAC-SHA256, so that libraries of the field can check it.
 * @param secrets each `whsec_` and base64, or base64 alone; several, one a line, while one replaces another
 * @throws RegistryFailure where one is none
 */
export function signatureHeaders(
  secrets: string,
  id: string,
  body: string,
  nowMs: number,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = String(Math.floor(nowMs / 1_000));
  const signatures = secrets
    .split(/\s+/)
    .filter((secret) => secret !== '')
    .map((secret) => createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64'));
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.map((signature) => `v1,${signature}`).join(' '),
  };
}

function keyOf(secret: string): Buffer {
  const text = secret.replace(/^whsec_/, '');
  const key = Buffer.from(text, 'base64');
  if (/^[A-Za-z0-9+/]+=*$/.test(text) && key.length >= leastBytes) return key;
  throw new RegistryFailure(
    `The secret to sign with is not base64 of at least ${leastBytes} bytes.`,
    'Make one with `openssl rand -base64 32`, for the platform and for the file `secret` of the worker.',
  );
}
