import type { ErrorCode } from '../../../workflows/contract/errors.ts';
import type { Look } from './look.ts';
import { harmless, padEnd, wrap } from './text.ts';

/** What a failure view needs to know of an error. */
export interface FailureFacts {
  readonly code: ErrorCode;
  readonly message: string;
  readonly next: string;
  /** Single problems, each with where it is, what was found and what is allowed. */
  readonly issues?: readonly Issue[];
}

/** One thing that is wrong in what was written. */
export interface Issue {
  /** `release.yaml:12:14`, or the flag. */
  readonly where?: string;
  readonly field?: string;
  readonly found?: string;
  readonly allowed?: string;
  readonly message?: string;
}

/** What happened and why, where exactly, what to do next, and the code to look up. */
export function failureLines({ code, message, next, issues = [] }: FailureFacts, look: Look): string[] {
  const { colours, glyphs, width } = look;
  const room = Math.max(40, width - 2);
  const [first = '', ...more] = message.split('\n').flatMap((line) => wrap(harmless(line), room - 7));
  return [
    `${colours.red(colours.bold('error:'))} ${first}`,
    ...more.map((line) => `       ${line}`),
    ...issues.flatMap((issue) => issueLines(issue, look)),
    ...next
      .split('\n')
      .flatMap((line) => wrap(harmless(line), room))
      .map((line, index) => `${index === 0 ? colours.green(glyphs.arrow) : ' '} ${line}`),
    colours.dim(`  ${code}`),
  ];
}

function issueLines({ where, field, found, allowed, message }: Issue, { colours }: Look): string[] {
  const place = [where, field].filter((part) => part !== undefined && part !== '').join('  ');
  const facts: [string, string | undefined][] = [
    ['found', found],
    ['allowed', allowed],
  ];
  return [
    `  ${colours.bold(harmless(place))}${message === undefined ? '' : `  ${harmless(message)}`}`,
    ...facts.flatMap(([name, value]) =>
      value === undefined ? [] : [`    ${colours.dim(padEnd(name, 8))}${harmless(value)}`],
    ),
  ];
}
