import { type ErrorDetails, SluiceError } from './errors.ts';

/** One thing that is wrong in what was written: where, what was found there, what is allowed. */
export interface Problem {
  readonly code: 'SPEC_INVALID' | 'SPEC_UNREADABLE';
  /** Where it is in the document; for a wrong key, the path ends with that key. */
  readonly path: readonly (string | number)[];
  /** What is wrong at the path: the key itself or its value. */
  readonly at: 'key' | 'value';
  readonly found: string;
  readonly allowed: string;
  /** How to put it right, where that can be guessed. */
  readonly hint?: string;
  /** Of an unknown field: the one beside it that was probably meant. */
  readonly meant?: string;
  /** `release.yaml:7:13`, or the flag that set it; absent where the document has no text. */
  readonly where?: string;
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  readonly column?: number;
}

/** `traffic.through[0].service`; keys that are no words in quotes: `change.images["a.b"]`. */
export function fieldName(path: Problem['path']): string {
  let name = '';
  for (const part of path) {
    if (typeof part === 'number') name += `[${part}]`;
    else if (/^[\w-]+$/.test(part)) name += name === '' ? part : `.${part}`;
    else name += `[${JSON.stringify(part)}]`;
  }
  return name;
}

/** `release.yaml:7:13 strategy.maxUnavailable: found 0; allowed: …` */
export function problemText({ where, path, found, allowed, hint }: Problem): string {
  const place = [where, fieldName(path)].filter((part) => part !== undefined && part !== '').join(' ');
  const facts = `found ${found}; allowed: ${allowed}${hint === undefined ? '' : `; ${hint}`}`;
  return place === '' ? facts : `${place}: ${facts}`;
}

/**
 * All problems of one document as one error. Its message has a line for each; `details.problems` has them as data,
 * each with `where`, `file`, `line`, `column` (where known), `field`, `found`, `allowed` and `hint`.
 * @param origin what the document is called: `release.yaml`
 */
export function problemError(problems: readonly Problem[], origin: string): SluiceError {
  const lines = problems.map(problemText);
  const message =
    lines.length === 1 ? (lines[0] ?? '') : [`${origin} has ${lines.length} problems:`, ...lines].join('\n');
  const codes = new Set(problems.map(({ code }) => code));
  const [only] = codes;
  const code = codes.size === 1 && only !== undefined ? only : 'SPEC_INVALID';
  return new SluiceError(code, message, { details: { problems: problems.map(factsOf) } });
}

function factsOf({ where, file, line, column, path, found, allowed, hint }: Problem): ErrorDetails {
  return {
    ...(where !== undefined && { where }),
    ...(file !== undefined && { file }),
    ...(line !== undefined && { line, column }),
    field: fieldName(path),
    found,
    allowed,
    ...(hint !== undefined && { hint }),
  };
}
