import { type Document, isAlias, isMap, LineCounter, type ParsedNode, parseAllDocuments, visit } from 'yaml';
import { type Problem, problemError } from '../../../workflows/contract/problem.ts';
import { duplicateKeys } from './duplicateKeys.ts';
import { hasPath, type NodePlace, placeOf } from './places.ts';

/** A text that was read: its value, and where in it each field stands. */
export interface YamlText {
  readonly value: unknown;
  /** What is wrong with it although it can be read: keys that stand there twice. */
  readonly problems: readonly Problem[];
  has(path: Problem['path']): boolean;
  /** Where `path` stands; where it is missing, what it is missing from. */
  place(path: Problem['path'], at: Problem['at']): Place;
}

interface Place extends Omit<NodePlace, 'offset'> {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** Cascades of one slip: the first few say it all. */
const mostSyntaxErrors = 5;

/** Reads the one document of `text`: YAML 1.2, of which JSON is a part. @throws SPEC_UNREADABLE */
export function readYaml(text: string, file: string): YamlText {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const documents: readonly Document.Parsed[] = 'empty' in parsed ? [] : parsed;
  const problemAt = (offset: number, found: string, allowed: string, code: Problem['code']): Problem => {
    const { line, col } = lines.linePos(offset);
    const where = `${file}:${line}:${col}`;
    return { code, path: [], at: 'value', found, allowed, where, file, line, column: col };
  };
  const refuse = (problems: readonly Problem[]): never => {
    throw problemError(problems, file);
  };

  const unreadable = documents.flatMap(({ errors }) =>
    errors.map(({ code, message, pos }) =>
      code === 'TAB_AS_INDENT'
        ? problemAt(pos[0], 'a tab as indentation', 'spaces', 'SPEC_UNREADABLE')
        : problemAt(pos[0], `broken YAML: ${message}`, 'one YAML or JSON document', 'SPEC_UNREADABLE'),
    ),
  );
  const onePerLine = unreadable.filter(({ line }, index) => unreadable.findIndex((one) => one.line === line) === index);
  if (onePerLine.length > 0) refuse(onePerLine.slice(0, mostSyntaxErrors));

  const [document, second] = documents.filter(({ contents }) => !isNothing(contents));
  if (document === undefined) {
    return refuse([
      problemAt(0, 'an empty document', 'a release spec; `target` and `change` are needed', 'SPEC_UNREADABLE'),
    ]);
  }
  if (second !== undefined) {
    const more = `a second document (there are ${documents.length})`;
    refuse([problemAt(second.contents?.range[0] ?? 0, more, 'one release in one file', 'SPEC_UNREADABLE')]);
  }
  const value = valueOf(document, (offset, found) =>
    refuse([problemAt(offset, found, 'anchors that are set before, and used sparingly', 'SPEC_UNREADABLE')]),
  );
  return {
    value,
    problems: duplicateKeys(document).map(({ offset, firstOffset, path }) => ({
      ...problemAt(
        offset,
        `it again; first in line ${lines.linePos(firstOffset).line}`,
        'each field once',
        'SPEC_INVALID',
      ),
      path,
      at: 'key',
    })),
    has: (path) => hasPath(document, path),
    place(path, at) {
      const { offset, ...rest } = placeOf(document, path, at);
      const { line, col } = lines.linePos(offset);
      return { ...rest, line, column: col };
    },
  };
}

/** A document of nothing but comments or `---`. An explicit `null` is one too: there is nothing in it. */
const isNothing = (node: ParsedNode | null): boolean =>
  node === null || ('value' in node && node.value === null && !isMap(node));

function valueOf(document: Document.Parsed, refuse: (offset: number, found: string) => never): unknown {
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined)
        refuse(alias.range?.[0] ?? 0, `*${alias.source}, an alias of an anchor that is not set`);
    },
  });
  try {
    return document.toJS();
  } catch (error) {
    // Aliases of aliases of aliases: a document that would grow beyond all bounds.
    const first = isAlias(document.contents) ? 0 : (document.contents?.range[0] ?? 0);
    return refuse(first, error instanceof Error ? error.message : String(error));
  }
}
