import type { Command } from 'commander';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { workloadName } from '../../../workflows/contract/names.ts';
import type { History } from '../../sdk/history.ts';
import type { Host } from '../host.ts';
import { namedTarget } from '../namedTarget.ts';
import { type CommonFlags, numberFlag, type TargetFlags, withConnection, withOutput, withTarget } from '../options.ts';
import { withSluice } from '../session.ts';
import { historyLines } from '../view/history.ts';
import { historyEntryLines } from '../view/historyEntry.ts';

interface Flags extends CommonFlags, TargetFlags {
  readonly limit: number;
  readonly revision?: number;
}

/** `sluice history deployment/checkout [--revision 3]` */
export function registerHistory(program: Command, host: Host): void {
  withConnection(withOutput(withTarget(program.command('history'))))
    .description('show revisions and releases of a workload: who, when, how long, outcome, gates')
    .option('--limit <number>', 'how many at most', numberFlag(1), 20)
    .option('--revision <number>', 'one of them in full', numberFlag(1))
    .action((words: string[], flags: Flags) =>
      host.run(flags, async (session) => {
        const { output } = session;
        const target = await namedTarget(session, 'history', words, flags);
        return withSluice(session, flags, async (sluice) => {
          const history = await sluice.history(target, { signal: session.signal });
          if (flags.revision !== undefined) {
            const entry = entryOf(history, flags.revision);
            output.result(entry, (look) => historyEntryLines(target, entry, look));
            return;
          }
          const shown = { ...history, entries: history.entries.slice(0, flags.limit) };
          output.result(shown, (look) => historyLines(shown, look, { wide: output.format === 'wide' }));
        });
      }),
    );
}

/** @throws REVISION_NOT_FOUND with those there are */
function entryOf({ target, entries }: History, revision: number): History['entries'][number] {
  const numbered = (entry: History['entries'][number]) => entry.native?.revision ?? entry.record?.revision;
  const entry = entries.find((one) => numbered(one) === revision);
  if (entry !== undefined) return entry;
  const there = entries.flatMap((one) => numbered(one) ?? []);
  throw new SluiceError(
    'REVISION_NOT_FOUND',
    `The history of ${workloadName(target)} has no revision ${revision}; there is ${there.join(', ') || 'none'}.`,
    { details: { revisions: there } },
  );
}
