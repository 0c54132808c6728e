import { stringify } from 'yaml';
import { errors, type SluiceError } from '../../workflows/contract/errors.ts';
import { problemOf } from '../sdk/problem.ts';
import type { Io, Screen } from './io.ts';
import { type FailureFacts, failureLines, type ProblemFacts } from './view/failure.ts';
import { type Look, lookFor } from './view/look.ts';

export const formats = ['table', 'wide', 'json', 'yaml'] as const;
/** How the result is printed. json and yaml: one document on stdout and nothing else. */
export type Format = (typeof formats)[number];

/** The rule of what goes where: results to stdout, everything else to stderr. */
export class Output {
  readonly format: Format;
  readonly #io: Io;
  #printed = false;

  constructor(io: Io, format: Format) {
    this.#io = io;
    this.format = format;
  }

  get structured(): boolean {
    return this.format === 'json' || this.format === 'yaml';
  }

  /** Where a live view or a log of progress belongs: stdout is kept clean for a document. */
  get progressScreen(): Screen {
    return this.structured ? this.#io.stderr : this.#io.stdout;
  }

  /** Prints the result, once: the document, or what `lines` makes of it for people. */
  result(document: unknown, lines: (look: Look) => readonly string[]): void {
    if (this.#printed) return;
    this.#printed = true;
    if (this.format === 'json') this.#io.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
    else if (this.format === 'yaml') this.#io.stdout.write(stringify(document, { lineWidth: 0 }));
    else this.#write(this.#io.stdout, lines(this.look(this.#io.stdout)));
  }

  /** Lines beside the result, for people. */
  note(lines: (look: Look) => readonly string[]): void {
    this.#write(this.#io.stderr, lines(this.look(this.#io.stderr)));
  }

  /** An error: as the document where one is asked for and none was printed, else for people on stderr. */
  failure(error: SluiceError): void {
    if (this.structured && !this.#printed) this.result(problemOf(error), () => []);
    else this.note((look) => failureLines(factsOf(error), look));
  }

  look(screen: Screen): Look {
    return lookFor(screen, this.#io);
  }

  #write(screen: Screen, lines: readonly string[]): void {
    if (lines.length > 0) screen.write(`${lines.join('\n')}\n`);
  }
}

/** Where single problems are told, the message that lists them too is left out. */
function factsOf({ code, message, next, details }: SluiceError): FailureFacts {
  const { problems } = details;
  if (!Array.isArray(problems) || problems.length === 0) return { code, message, next };
  const [head = ''] = message.split('\n');
  return {
    code,
    next,
    message: problems.length === 1 ? errors[code].message : head,
    problems: problems as ProblemFacts[],
  };
}
