import { Command, CommanderError } from 'commander';
import { type ExitCode, errors, SluiceError } from '../../workflows/contract/errors.ts';
import { asSluiceError } from '../sdk/problem.ts';
import { registerChange } from './commands/change.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerApprove, registerReject } from './commands/decide.ts';
import { registerDemo } from './commands/demo.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerDown } from './commands/down.ts';
import { registerDrain } from './commands/drain.ts';
import { registerEnv } from './commands/env.ts';
import { registerHistory } from './commands/history.ts';
import { registerList } from './commands/list.ts';
import { registerPlan } from './commands/plan.ts';
import { registerRelease } from './commands/release.ts';
import { registerRestart } from './commands/restart.ts';
import { registerRestore } from './commands/restore.ts';
import { registerRetry } from './commands/retry.ts';
import { registerScale } from './commands/scale.ts';
import { registerSchema } from './commands/schema.ts';
import { registerSkip } from './commands/skip.ts';
import { registerStatus } from './commands/status.ts';
import {
  registerAdopt,
  registerHandOver,
  registerPause,
  registerResume,
  registerRollback,
  registerTakeBack,
  registerTakeOver,
} from './commands/steer.ts';
import { registerTraffic } from './commands/traffic.ts';
import { registerUndo } from './commands/undo.ts';
import { registerUp } from './commands/up.ts';
import { registerVerify } from './commands/verify.ts';
import { registerWorker } from './commands/worker.ts';
import type { Host } from './host.ts';
import type { Io } from './io.ts';
import { type Format, formats, Output } from './output.ts';
import { Interrupted, type Session } from './session.ts';
import { version } from './version.ts';
import { wantsColour } from './view/look.ts';

/**
 * Runs one command line to its end.
 * @param argv without node and script
 * @returns the exit code, design §4; 130 after Ctrl-C
 */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  let exit: number = 0;
  const abort = new AbortController();
  const stopListening = io.onInterrupt(() => {
    // The second Ctrl-C means it: whatever does not end by itself is left behind.
    if (abort.signal.aborted) process.exit(Interrupted.exit);
    abort.abort();
  });
  const host: Host = {
    io,
    async run(flags, act) {
      const output = new Output(io, flags.output ?? 'table');
      const session: Session = {
        io,
        output,
        signal: abort.signal,
        defaults: { cluster: io.env['SLUICE_CLUSTER'] || 'local' },
      };
      try {
        exit = (await act(session)) ?? 0;
      } catch (error) {
        exit = ended(error, session, argv);
      }
    },
  };
  const program = buildProgram(host);
  try {
    // `--verbose` is for every command, wherever it stands.
    const words = argv.filter((word) => word !== '--verbose');
    if (words.length === 0) program.outputHelp();
    else await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    const output = new Output(io, formatIn(argv));
    exit = error instanceof CommanderError ? usage(error, output, program, argv) : failed(error, output, argv);
  } finally {
    stopListening();
  }
  return exit;
}

function ended(error: unknown, session: Session, argv: readonly string[]): number {
  if (error instanceof Interrupted) return Interrupted.exit;
  if (session.signal.aborted) {
    session.output.note(({ colours, glyphs }) => [`${colours.yellow(glyphs.warn)} Interrupted.`]);
    return Interrupted.exit;
  }
  return failed(error, session.output, argv);
}

function failed(error: unknown, output: Output, argv: readonly string[]): ExitCode {
  const known = asSluiceError(error);
  output.failure(known);
  if (known.code === 'INTERNAL' || argv.includes('--verbose'))
    output.note(() => [error instanceof Error ? (error.stack ?? error.message) : String(error)]);
  return errors[known.code].exit;
}

function buildProgram(host: Host): Command {
  const { io } = host;
  const program = new Command('sluice')
    .description(
      'Releases applications on Kubernetes: a gray group, batches, gates, in place, and back from any point.',
    )
    .version(version(), '--version', 'print the version')
    .option('--verbose', 'print the stack of an error (with any command)')
    .helpOption('-h, --help', 'help for a command')
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      // Errors are told once, by `usage`, in our own words.
      writeErr: () => undefined,
      getOutHelpWidth: () => (io.stdout.isTTY ? io.stdout.size().columns : 100),
      getOutHasColors: () => wantsColour(io.stdout, io.env),
    })
    .configureHelp({
      styleTitle: (title) => `\u001B[1m${title}\u001B[22m`,
      subcommandTerm: (command) => command.name(),
    })
    .addHelpCommand(new Command('help').argument('[command]').description('help for a command').helpGroup('Run:'))
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText('after', ['', 'Begin with `sluice up`, or `sluice demo` to see it all.'].join('\n'));
  program.commandsGroup('Release:');
  registerPlan(program, host);
  registerRelease(program, host);
  registerRestart(program, host);
  registerScale(program, host);
  registerTraffic(program, host);
  registerDrain(program, host);
  registerRestore(program, host);
  registerStatus(program, host);
  registerList(program, host);
  registerHistory(program, host);
  registerVerify(program, host);
  program.commandsGroup('Decide:');
  registerApprove(program, host);
  registerReject(program, host);
  registerPause(program, host);
  registerResume(program, host);
  registerRollback(program, host);
  registerChange(program, host);
  registerSkip(program, host);
  registerUndo(program, host);
  registerRetry(program, host);
  registerTakeOver(program, host);
  registerAdopt(program, host);
  registerHandOver(program, host);
  registerTakeBack(program, host);
  program.commandsGroup('Run:');
  registerUp(program, host);
  registerDown(program, host);
  registerEnv(program, host);
  registerDoctor(program, host);
  registerDemo(program, host);
  registerWorker(program, host);
  registerSchema(program, host);
  registerCompletion(program, host);
  return program;
}

/** Help and version are answers; the rest is a wrong command line, told with what was meant. */
function usage(error: CommanderError, output: Output, program: Command, argv: readonly string[]): ExitCode {
  if (error.exitCode === 0) return 0;
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const command = program.commands.find((known) => known.name() === argv.find((word) => !word.startsWith('-')));
  const help = command === undefined ? 'sluice --help' : `sluice ${command.name()} --help`;
  const meant = /\(Did you mean (.*)\?\)/.exec(suggestion ?? '')?.[1];
  output.failure(
    new SluiceError('USAGE', `${first.charAt(0).toUpperCase()}${first.slice(1)}${first.endsWith('.') ? '' : '.'}`, {
      next: meant === undefined ? `See \`${help}\`.` : `Did you mean ${meant}? Else see \`${help}\`.`,
      details: { ...(meant !== undefined && { meant }) },
    }),
  );
  return errors.USAGE.exit;
}

/** The format that a command line asks for which could not be parsed. */
function formatIn(argv: readonly string[]): Format {
  const at = argv.findIndex((word) => word === '-o' || word === '--output');
  const word =
    at >= 0
      ? argv[at + 1]
      : argv.map((text) => /^(?:-o|--output)=?(.+)$/.exec(text)?.[1]).find((found) => found !== undefined);
  return formats.find((format) => format === word) ?? 'table';
}
