import type { Command } from 'commander';
import type { Host } from '../host.ts';
import { type SayFlags, say, withSaying } from '../say.ts';

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

function register(program: Command, host: Host, name: 'pause' | 'resume' | 'rollback', description: string): void {
  withSaying(program.command(name))
    .description(description)
    .action((words: string[], flags: SayFlags) => say(host, name, words, flags, (said) => Promise.resolve(said)));
}
