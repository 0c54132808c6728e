import type { Command } from 'commander';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { workloadName } from '../../../workflows/contract/names.ts';
import { isOver, type ReleaseStatus } from '../../../workflows/contract/status.ts';
import { staysUntilEnd } from '../follow.ts';
import type { Host } from '../host.ts';
import { type SayFlags, say, withSaying } from '../say.ts';

interface Flags extends SayFlags {
  readonly gate?: string;
}

/** `sluice approve deployment/checkout`: says yes at the gate that is open now. */
export function registerApprove(program: Command, host: Host): void {
  register(program, host, 'approve', 'open the gate that waits for approval, or whose checks cannot be decided');
}

/** `sluice reject deployment/checkout --reason "…"`: says no, and the release rolls back. */
export function registerReject(program: Command, host: Host): void {
  register(program, host, 'reject', 'refuse at the gate that waits: the release rolls back');
}

function register(program: Command, host: Host, name: 'approve' | 'reject', description: string): void {
  withSaying(program.command(name))
    .description(description)
    .option('--gate <id>', 'only this gate, such as after-gray (default: the one that is open)')
    .action((words: string[], flags: Flags) =>
      say(host, name, words, flags, async (said, sluice, target) => {
        // What is sent names the run that Temporal knows, see sdk/send.ts.
        if (flags.gate !== undefined && !staysUntilEnd(flags)) return { ...said, gate: flags.gate };
        // The status names run and gate, so that a decision never reaches the next gate or the next release.
        const status = await sluice.status(target).catch(nameGate);
        return { ...said, run: status.run, gate: flags.gate ?? openGate(status) };
      }),
    );
}

/** Where no worker says which gate is open, a decision about one that is named is kept, see sdk/send.ts. */
function nameGate(error: unknown): never {
  if (!(error instanceof SluiceError && error.code === 'WORKER_ABSENT')) throw error;
  const next = `${error.next} Or name the gate with --gate, without --wait: then it is kept until a worker is there.`;
  throw new SluiceError(error.code, error.message, { next, details: error.details, cause: error });
}

/** @throws RELEASE_OVER, GATE_PASSED when nothing waits for a decision */
function openGate({ waiting, phase, text, target }: ReleaseStatus): string {
  if (isOver(phase)) throw new SluiceError('RELEASE_OVER', `The release of ${workloadName(target)} has ended: ${text}`);
  if (waiting?.gate !== undefined) return waiting.gate;
  throw new SluiceError('GATE_PASSED', `No gate of ${workloadName(target)} is open. ${text}`, {
    details: { phase },
    next: '`sluice status` shows what it waits for, and the commands that fit now.',
  });
}
