import type { Command } from 'commander';
import type { MessageArguments, MessageName, PlainMessage } from '../../workflows/contract/messages.ts';
import type { Target } from '../../workflows/contract/names.ts';
import type { Sluice } from '../sdk/client.ts';
import { exitOf, follow, staysUntilEnd } from './follow.ts';
import type { Host } from './host.ts';
import {
  type CommonFlags,
  type TargetFlags,
  targetOf,
  type WaitFlags,
  withConnection,
  withOutput,
  withTarget,
  withWaiting,
} from './options.ts';
import { whoAmI, withSluice } from './session.ts';
import { commandFor } from './view/commands.ts';
import { statusLines } from './view/status.ts';
import { harmless } from './view/text.ts';
import { suggestWorkloads } from './whichWorkload.ts';

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

/** Sends one message and prints the answer; with --wait or --watch stays until the release has ended. */
export function say<Name extends MessageName>(
  host: Host,
  name: Name,
  words: readonly string[],
  flags: SayFlags,
  complete: (said: PlainMessage, sluice: Sluice, target: Target) => Promise<MessageArguments[Name]>,
): Promise<void> {
  return host.run(flags, (session) =>
    withSluice(session, flags, async (sluice) => {
      const { output, defaults } = session;
      if (words.length === 0) throw await suggestWorkloads(sluice, name, defaults);
      const target = targetOf(words, flags, defaults.cluster);
      const reason = flags.reason ?? flags.comment;
      const args = await complete(
        { by: flags.by ?? whoAmI(session.io.env), ...(reason !== undefined && { reason }) },
        sluice,
        target,
      );
      const reply = await sluice.send(target, name, args, { ...(flags.key !== undefined && { updateId: flags.key }) });
      if (!staysUntilEnd(flags)) {
        const answer = { message: name, target, args, reply };
        output.result(answer, ({ colours, glyphs }) => [`${colours.green(glyphs.ok)} ${harmless(reply.text)}`]);
        if (!output.structured)
          output.note(({ colours }) => [colours.dim(`  ${commandFor('status', target, defaults, '--watch')}`)]);
        return 0;
      }
      output.note(({ colours, glyphs }) => [`${colours.green(glyphs.ok)} ${harmless(reply.text)}`]);
      const status = await follow(session, sluice, target, flags, args.run);
      if (flags.watch !== true || output.structured)
        output.result(status, (look) => statusLines(status, look, defaults));
      return exitOf(status);
    }),
  );
}
