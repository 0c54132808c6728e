import type { Argument, Command, Option } from 'commander';

/** Something that can stand at the cursor. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What is at the cursor of a command line, where only a running server knows what fits. */
export interface Wanted {
  readonly candidates: readonly Candidate[];
  /** A workload of a running release fits too. */
  readonly workload: boolean;
}

const nothing: Wanted = { candidates: [], workload: false };

/**
 * What fits at the cursor. `words`: the command line after `sluice`; the last one is the word at the cursor, perhaps
 * empty. Answers no candidates where a file or a text of the user's own belongs: shells offer files there.
 */
export function candidatesFor(program: Command, words: readonly string[]): Wanted {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const command = before.map((word) => subcommand(program, word)).find((found) => found !== undefined);
  if (command === undefined)
    return begins({ candidates: program.commands.filter(isShown).map(described), workload: false }, current);
  const after = before.slice(before.findIndex((word) => subcommand(program, word) === command) + 1);
  const open = openOption(command, after);
  if (open !== undefined) return begins({ candidates: choices(open), workload: false }, current);
  if (current.startsWith('-')) return begins({ candidates: options(command, after), workload: false }, current);
  const argument = command.registeredArguments[positionals(command, after)] ?? variadic(command);
  if (argument === undefined) return nothing;
  const isFirst = positionals(command, after) === 0;
  const wanted = { candidates: choices(argument), workload: argument.name() === 'workload' && isFirst };
  return begins(wanted, current);
}

const subcommand = (program: Command, word: string): Command | undefined =>
  program.commands.find((command) => command.name() === word || command.aliases().includes(word));

const isShown = (command: Command): boolean => !command.name().startsWith('__');

const described = (command: Command): Candidate => ({ value: command.name(), description: command.description() });

const choices = ({ argChoices }: Option | Argument): readonly Candidate[] =>
  (argChoices ?? []).map((value) => ({ value, description: '' }));

/** The option before the cursor that still waits for its value. */
function openOption(command: Command, words: readonly string[]): Option | undefined {
  const last = words.at(-1);
  const option = command.options.find(({ short, long }) => last !== undefined && (last === short || last === long));
  return option?.required === true || option?.optional === true ? option : undefined;
}

/** Those that are not given yet, or can be given again. */
const options = (command: Command, words: readonly string[]): readonly Candidate[] =>
  command.options
    .filter(({ short, long, hidden }) => !hidden && !words.some((word) => word === short || word === long))
    .map(({ short, long, description }) => ({ value: long ?? short ?? '', description }));

function positionals(command: Command, words: readonly string[]): number {
  return words.filter((word, at) => !word.startsWith('-') && openOption(command, words.slice(0, at)) === undefined)
    .length;
}

const variadic = (command: Command): Argument | undefined =>
  command.registeredArguments.findLast((argument) => argument.variadic);

const begins = ({ candidates, workload }: Wanted, current: string): Wanted => ({
  candidates: candidates.filter(({ value }) => value.startsWith(current)),
  workload,
});
