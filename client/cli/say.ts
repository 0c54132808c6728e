import type { Command } from 'commander';
import type { ExitCode } from '../../workflows/contract/errors.ts';
import type { MessageArguments, MessageName, PlainMessage } from '../../workflows/contract/messages.ts';
import type { Target } from '../../workflows/contract/names.ts';
import type { Sluice } from '../sdk/client.ts';
import { exitOf, follow, staysUntilEnd } from './follow.ts';
import type { Host } from './host.ts';
import { namedTarget } from './namedTarget.ts';
import {
  type CommonFlags,
  type TargetFlags,
  type WaitFlags,
  withConnection,
  withOutput,
  withTarget,
  withWaiting,
} from './options.ts';
import { type Session, whoAmI, withSluice } from './session.ts';
import { commandFor, commandName } from './view/commands.ts';
import type { Look } from './view/look.ts';
import { statusLines } from './view/status.ts';
import { harmless } from './view/text.ts';

export interface SayFlags extends CommonFlags, TargetFlags, WaitFlags {
  readonly by?: string;
  readonly reason?: string;
  readonly comment?: string;
  readonly key?: string;
}

/** The options of every command that says something to a running release. */
export const withSaying = (command: Command): Command =>
  withConnection(
    withOutput(
      withWaiting(
        withTarget(command)
          .option('--by <name>', 'who says it (default: $SLUICE_USER, or $USER)')
          .option('--reason <text>', 'why; kept with the decision')
          .option('--comment <text>', 'the same as --reason')
          .option('--key <id>', 'idempotency key: the same key takes effect once and gets the same answer'),
      ),
    ),
  );

/** Says one thing to the release that the words name. `complete` adds what the message needs besides who and why. */
export function say<Name extends MessageName>(
  host: Host,
  name: Name,
  words: readonly string[],
  flags: SayFlags,
  complete: (said: PlainMessage, sluice: Sluice, target: Target) => Promise<MessageArguments[Name]>,
): Promise<void> {
  return host.run(flags, async (session) => {
    const target = await namedTarget(session, commandName(name), words, flags);
    return withSluice(session, flags, async (sluice) => {
      const reason = flags.reason ?? flags.comment;
      const said = { by: flags.by ?? whoAmI(session.io.env), ...(reason !== undefined && { reason }) };
      const args = await complete(said, sluice, target);
      return tell(session, sluice, target, { name, args }, flags);
    });
  });
}

/** The message and its arguments. */
interface Message<Name extends MessageName> {
  readonly name: Name;
  readonly args: MessageArguments[Name];
}

/** Sends it and prints the answer; with --wait or --watch stays until the release has ended. */
export async function tell<Name extends MessageName>(
  session: Session,
  sluice: Sluice,
  target: Target,
  { name, args }: Message<Name>,
  flags: CommonFlags & WaitFlags & Pick<SayFlags, 'key'>,
): Promise<ExitCode> {
  const { output, defaults } = session;
  const reply = await sluice.send(target, name, args, { ...(flags.key !== undefined && { updateId: flags.key }) });
  const answer = ({ colours, glyphs }: Look): string[] => [`${colours.green(glyphs.ok)} ${harmless(reply.text)}`];
  if (!staysUntilEnd(flags)) {
    output.result({ message: name, target, args, reply }, answer);
    if (!output.structured)
      output.note(({ colours }) => [colours.dim(`  ${commandFor('status', target, defaults, '--watch')}`)]);
    return 0;
  }
  output.note(answer);
  const status = await follow(session, sluice, target, { ...flags, ...(args.run !== undefined && { run: args.run }) });
  if (flags.watch !== true || output.structured)
    output.result(status, (look) => statusLines(status, look, { ...defaults, wide: output.format === 'wide' }));
  return exitOf(status);
}
