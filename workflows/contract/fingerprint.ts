import type { PodRef } from './plan.ts';

/**
 * Short and the same for the same pods in any order: so that a worker can say that nothing changed without being sent
 * thousands of names. Count and sum of 32-bit FNV-1a hashes of the UIDs, which are random.
 */
export function fingerprint(pods: readonly Pick<PodRef, 'uid'>[]): string {
  let sum = 0;
  for (const { uid } of pods) sum = (sum + hash(uid)) >>> 0;
  return `${pods.length}-${sum.toString(16)}`;
}

/** 32 bits of any text, in hexadecimal. */
export const hashOf = (text: string): string => hash(text).toString(16).padStart(8, '0');

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}
