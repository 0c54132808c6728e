import type { MessageName } from '../../../workflows/contract/messages.ts';
import { type Target, workloadName } from '../../../workflows/contract/names.ts';

/** What is left out of a command because it is the default here. */
export interface CommandDefaults {
  readonly cluster: string;
}

/** A command that can be typed as it stands: `sluice approve deployment/checkout -n shop`. */
export function commandFor(
  verb: string,
  target: Target,
  defaults: CommandDefaults,
  ...more: readonly string[]
): string {
  return [
    'sluice',
    verb,
    workloadName(target),
    ...(target.namespace === 'default' ? [] : ['-n', target.namespace]),
    ...(target.cluster === defaults.cluster ? [] : ['--cluster', target.cluster]),
    ...more,
  ].join(' ');
}

const shorter: Partial<Record<MessageName, string>> = {
  changePlan: 'change',
  skipTo: 'skip',
  supersede: 'release --supersede',
};

/** The command that sends a message: `takeOver` is `sluice take-over`. */
export const commandName = (message: MessageName): string =>
  shorter[message] ?? message.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
