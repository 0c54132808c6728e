import { type Document, isMap, isNode, isSeq } from 'yaml';
import type { Problem } from '../../../workflows/contract/problem.ts';
import { keyText } from './places.ts';

export interface DuplicateKey {
  readonly path: Problem['path'];
  readonly offset: number;
  readonly firstOffset: number;
}

/** Keys that a mapping has more than once. */
export function duplicateKeys(document: Document): DuplicateKey[] {
  return within(document.contents, []);
}

function within(node: unknown, path: Problem['path']): DuplicateKey[] {
  if (isSeq(node)) return node.items.flatMap((item, index) => within(item, [...path, index]));
  if (!isMap(node)) return [];
  const seen = new Map<string, number>();
  return node.items.flatMap((pair) => {
    const name = keyText(pair);
    if (name === undefined || !isNode(pair.key)) return [];
    const here = [...path, name];
    const offset = pair.key.range?.[0] ?? 0;
    const firstOffset = seen.get(name);
    if (firstOffset === undefined) seen.set(name, offset);
    const inside = within(pair.value, here);
    return firstOffset === undefined ? inside : [{ path: here, offset, firstOffset }, ...inside];
  });
}
