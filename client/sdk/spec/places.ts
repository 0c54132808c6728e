import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { Problem } from '../../../workflows/contract/problem.ts';

export interface NodePlace {
  readonly offset: number;
  /** A number as it is written. */
  readonly source?: string;
}

/** One step of a path: the node there, and for a field its key. */
interface Step {
  readonly key?: Node;
  readonly node: Node | undefined;
}

/** Whether the document has something at `path`. */
export const hasPath = (document: Document, path: Problem['path']): boolean =>
  stepsTo(document, path).length === path.length + 1;

/** Offset of the key or the value at `path`; where that is missing, of the last part that is there. */
export function placeOf(document: Document, path: Problem['path'], at: Problem['at']): NodePlace {
  const steps = stepsTo(document, path);
  const last = steps.at(-1);
  const missing = steps.length <= path.length;
  const { key, node } = last ?? { key: undefined, node: undefined };
  // The value of a block stands on the lines below, and an empty one nowhere: their key is what people look for.
  const byKey = missing || at === 'key' || node === undefined || isBlock(node) || isEmpty(node);
  const shown = byKey && key !== undefined ? key : (node ?? key);
  const offset = shown?.range?.[0] ?? 0;
  return isScalar(shown) && typeof shown.value === 'number' && shown.source !== undefined
    ? { offset, source: shown.source }
    : { offset };
}

/** The steps of `path` that are there, the document itself first. */
function stepsTo(document: Document, path: Problem['path']): Step[] {
  const steps: Step[] = [{ node: document.contents ?? undefined }];
  for (const part of path) {
    const parent = steps.at(-1)?.node;
    const child = childOf(parent, part, document);
    if (child === undefined) break;
    steps.push(child);
  }
  return steps;
}

function childOf(parent: Node | undefined, part: string | number, document: Document): Step | undefined {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isSeq(node)) {
    const entry = typeof part === 'number' ? node.items[part] : undefined;
    return isNode(entry) ? { node: entry } : undefined;
  }
  if (!isMap(node)) return undefined;
  // Of a key that stands there twice the last one counts.
  const pair = node.items.findLast((item) => keyText(item) === String(part));
  return isNode(pair?.key) ? { key: pair.key, node: isNode(pair.value) ? pair.value : undefined } : undefined;
}

/** The key of a pair as a property of the value that is made of it. */
export const keyText = ({ key }: Pair): string | undefined => (isScalar(key) ? String(key.value) : undefined);

const isBlock = (node: Node): boolean => (isMap(node) || isSeq(node)) && node.flow !== true;

const isEmpty = (node: Node): boolean => isScalar(node) && node.value === null && node.source === '';
