import { type ErrorRow, errors } from '../../workflows/contract/errors.ts';
import { markdownTable } from './markdownTable.ts';

/** docs/errors.md, from the error table. */
export function errorsPage(): string {
  const rows = Object.entries<ErrorRow>(errors).map(([code, { message, next, http, exit, retryable }]) => [
    `\`${code}\``,
    message,
    next,
    String(http),
    String(exit),
    retryable ? 'yes' : 'no',
  ]);
  return [
    '# Errors',
    '',
    '<!-- Made by `npm run docs` from workflows/contract/errors.ts; changes here are lost. -->',
    '',
    'Every error has one of these codes: in the output of `sluice`, in the `code` of a problem document of the HTTP API,',
    'and as the type of a failure in Temporal. What it says beside the code is about the case at hand. *Try again* says',
    'whether the same call can succeed later without anybody changing anything.',
    '',
    'Exit codes: 0 done, 1 usage or bad input, 2 not found, 3 refused, 4 the release failed or was rolled back, 5 timed out',
    'while waiting, 6 a server that is needed cannot be reached.',
    '',
    ...markdownTable(['code', 'what happened', 'what to do', 'HTTP', 'exit', 'try again'], rows),
    '',
  ].join('\n');
}
