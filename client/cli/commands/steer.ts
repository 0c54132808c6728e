import type { Command } from 'commander';
import type { Host } from '../host.ts';
import { type SayFlags, say, withSaying } from '../say.ts';
import { commandName } from '../view/commands.ts';

/** `sluice pause deployment/checkout` */
export function registerPause(program: Command, host: Host): void {
  register(program, host, 'pause', 'start no further pod; those in flight finish');
}

/** `sluice resume deployment/checkout` */
export function registerResume(program: Command, host: Host): void {
  register(program, host, 'resume', 'go on after a pause, or try again after a hold');
}

/** `sluice rollback deployment/checkout`: from any point, at once, without asking back: whoever types it is in a hurry. */
export function registerRollback(program: Command, host: Host): void {
  register(program, host, 'rollback', 'undo everything, from any point');
}

/** `sluice take-over deployment/checkout`: when it is held because somebody else changed the workload. */
export function registerTakeOver(program: Command, host: Host): void {
  register(program, host, 'takeOver', 'undo what somebody else did to the workload in mid-release, and go on');
}

/** `sluice adopt deployment/checkout`: the other answer. */
export function registerAdopt(program: Command, host: Host): void {
  register(program, host, 'adopt', 'keep what somebody else made of the workload, and end the release there');
}

/** `sluice hand-over deployment/checkout --reason "…"`: to whoever says it, who works with kubectl then. */
export function registerHandOver(program: Command, host: Host): void {
  register(
    program,
    host,
    'handOver',
    'give up every hold on the workload, and leave it to you until `take-back`',
  ).alias('handover');
}

/** `sluice take-back deployment/checkout` */
export function registerTakeBack(program: Command, host: Host): void {
  register(program, host, 'takeBack', 'after `hand-over`: look what is there now, and go on from that');
}

type Steering = 'pause' | 'resume' | 'rollback' | 'takeOver' | 'adopt' | 'handOver' | 'takeBack';

function register(program: Command, host: Host, name: Steering, description: string): Command {
  return withSaying(program.command(commandName(name)))
    .description(description)
    .action((words: string[], flags: SayFlags) => say(host, name, words, flags, (said) => Promise.resolve(said)));
}
