import { type Command, InvalidArgumentError, Option } from 'commander';
import { milliseconds } from '../../workflows/contract/quantity.ts';
import { type Format, formats } from './output.ts';
import type { ConnectionFlags } from './session.ts';

export interface OutputFlags {
  readonly output: Format;
}

export interface TargetFlags {
  readonly namespace?: string;
  readonly cluster?: string;
}

export interface WaitFlags {
  readonly wait?: boolean;
  readonly watch?: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
}

export type CommonFlags = OutputFlags & ConnectionFlags;

/** `-o json`. */
export const withOutput = (command: Command): Command =>
  command.addOption(new Option('-o, --output <format>', 'how to print the result').choices(formats).default('table'));

/** Where Temporal is; seldom needed. */
export const withConnection = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--temporal-address <host:port>',
        'Temporal server (default: $TEMPORAL_ADDRESS, or the local stack)',
      ).helpGroup('Connection:'),
    )
    .addOption(
      new Option(
        '--temporal-namespace <name>',
        'Temporal namespace (default: $TEMPORAL_NAMESPACE, or "default")',
      ).helpGroup('Connection:'),
    );

/** `deployment/checkout -n shop --cluster local`. */
export const withTarget = (command: Command): Command =>
  command
    .argument('[workload...]', 'what to release, as in kubectl: deployment/checkout')
    .option('-n, --namespace <name>', 'Kubernetes namespace (default: "default")')
    .option('--cluster <name>', 'name of the cluster (default: $SLUICE_CLUSTER, or "local")');

/** `end`: until when it stays. */
export const withWaiting = (command: Command, end = 'the release has ended'): Command =>
  command
    .option('-w, --watch', `show pods and batches live until ${end}`)
    .option('--wait', `return when ${end}; exit code 4 if it failed or rolled back`)
    .option(
      '--timeout <duration>',
      'wait no longer than this, such as 10m; exit code 5 (implies --wait)',
      durationFlag,
    );

/** A duration such as `90s`, `10m` or `1h30m` in ms. */
export function durationFlag(text: string): number {
  const ms = /^(?=\d)(\d+d)?(\d+h)?(\d+m(?!s))?(\d+s)?(\d+ms)?$/.test(text) ? milliseconds(text) : 0;
  if (ms <= 0) throw new InvalidArgumentError('Write a duration such as 90s, 10m or 1h30m.');
  return ms;
}

/** A whole number of at least `least`. */
export const numberFlag =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least)
      throw new InvalidArgumentError(`Write a whole number of at least ${least}.`);
    return value;
  };

/** For options that can be given several times or with commas. */
export const listFlag = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  ...text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
];

/** For options that can be given several times. */
export const repeatFlag = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  text,
];
