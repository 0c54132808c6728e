import { isOver, type ReleaseStatus } from '../../../workflows/contract/status.ts';
import type { Retrying } from '../../sdk/retrying.ts';
import { batchLines } from './batches.ts';
import { type CommandDefaults, commandFor } from './commands.ts';
import { headerLines } from './header.ts';
import { logLine, logOf } from './log.ts';
import type { Look } from './look.ts';
import { fit, harmlessDeep, wrap } from './text.ts';
import { failureLines, retryingLines, waitingLines } from './waiting.ts';

/** A status as the SDK reads it; without `retrying` as the release itself tells it. */
export type ShownStatus = ReleaseStatus & { readonly retrying?: readonly Retrying[] };

export interface StatusOptions extends CommandDefaults {
  /** Hint at the end, for a view that goes on. */
  readonly footer?: string;
  /** Every pod and the whole log, in lines as long as they are. */
  readonly wide?: boolean;
}

/**
 * A release as lines of text, none wider than `look.width`, no more of them than `look.height`: what there is no room for
 * is summed up, the log first.
 */
export function statusLines(given: ShownStatus, look: Look, options: StatusOptions): string[] {
  const status = harmlessDeep(given);
  const header = headerLines(status, look);
  const waiting = section(waitingLines(status, look, options));
  const failure = section([...retryingLines(status.retrying ?? [], look), ...failureLines(status, look)]);
  const footer = section(
    wrap(options.footer ?? '', look.width - 2).flatMap((line) => (line === '' ? [] : [` ${look.colours.dim(line)}`])),
  );
  const fixed = header.length + waiting.length + failure.length + footer.length;
  const height = look.height ?? Number.POSITIVE_INFINITY;
  const log = logOf(status);
  const logRoom = options.wide === true ? log.length : Math.min(log.length, 8);
  const batchRoom = Math.max(6, height - fixed - 1 - Math.min(logRoom + 1, 6));
  const batches = section(batchLines(status, look, batchRoom, options.wide === true));
  const left = height - fixed - batches.length - 1;
  const shown = log.slice(Math.max(0, log.length - Math.min(logRoom, Math.max(0, left))));
  const lines = [
    ...header,
    ...batches,
    ...waiting,
    ...failure,
    ...section(shown.map((entry) => ` ${logLine(entry, look)}`)),
    ...footer,
  ];
  return options.wide === true ? lines : lines.slice(0, height).map((line) => fit(line, look.width));
}

/** What can be done now, for the end of a command that does not wait. */
export function nextCommands(status: ReleaseStatus, defaults: CommandDefaults): readonly string[] {
  if (isOver(status.phase)) return [];
  const command = (verb: string, ...more: string[]): string => commandFor(verb, status.target, defaults, ...more);
  const watch = command('status', '--watch');
  if (status.drain === true) return [watch, command('restore')];
  const waitsFor = status.waiting?.for;
  if (waitsFor === 'approval') return [command('approve'), command('reject', '--reason "…"'), watch];
  if (waitsFor === 'resume' || waitsFor === 'hold') {
    const undecided = waitsFor === 'hold' && status.waiting?.gate !== undefined;
    return [command('resume'), ...(undecided ? [command('approve')] : []), command('rollback', '--reason "…"'), watch];
  }
  if (waitsFor === 'operator') return [command('take-back'), command('adopt'), command('rollback', '--reason "…"')];
  return [watch, command('pause'), command('rollback', '--reason "…"')];
}

const section = (lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', ...lines]);
