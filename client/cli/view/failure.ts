import type { ErrorCode } from '../../../workflows/contract/errors.ts';
import type { Look } from './look.ts';
import { harmless, padEnd, wrap } from './text.ts';

/** What a failure view needs to know of an error. */
export interface FailureFacts {
  readonly code: ErrorCode;
  readonly message: string;
  readonly next: string;
  /** Single problems, each with where it is, what was found and what is allowed. */
  readonly problems?: readonly ProblemFacts[];
}

/** One thing that is wrong in what was written; `details.problems` of the errors that contract/problem.ts makes. */
export interface ProblemFacts {
  /** `release.yaml:12:14`, or the flag. */
  readonly where?: string;
  readonly field: string;
  readonly found: string;
  readonly allowed: string;
  readonly hint?: string;
}

/** What happened and why, where exactly, what to do next, and the code to look up. */
export function failureLines({ code, message, next, problems = [] }: FailureFacts, look: Look): string[] {
  const { colours, glyphs, width } = look;
  const room = Math.max(40, width - 2);
  const [first = '', ...more] = message.split('\n').flatMap((line) => wrap(harmless(line), room - 7));
  return [
    `${colours.red(colours.bold('error:'))} ${first}`,
    ...more.map((line) => `       ${line}`),
    ...problems.flatMap((problem) => problemLines(problem, look)),
    ...next
      .split('\n')
      .flatMap((line) => wrap(harmless(line), room))
      .map((line, index) => `${index === 0 ? colours.green(glyphs.arrow) : ' '} ${line}`),
    colours.dim(`  ${code}`),
  ];
}

function problemLines({ where, field, found, allowed, hint }: ProblemFacts, { colours, width }: Look): string[] {
  const place = [where, field].filter((part) => part !== undefined && part !== '').join('  ');
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['found', found],
    ['allowed', allowed],
    ['hint', hint],
  ];
  return [
    `  ${colours.bold(harmless(place))}`,
    ...facts.flatMap(([name, value]) => {
      if (value === undefined) return [];
      const lines = wrap(harmless(value), Math.max(30, width - 13));
      return lines.map((line, index) => `    ${colours.dim(padEnd(index === 0 ? name : '', 8))}${line}`);
    }),
  ];
}
