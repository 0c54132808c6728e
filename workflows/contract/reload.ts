import { commandText } from './commandText.ts';
/** What a reload without a restart is, for plans, requests and records. Plain data. */

/** Signals by which programs reload; others end them. */
export const reloadSignals = ['HUP', 'USR1', 'USR2', 'WINCH'] as const;
export type ReloadSignal = (typeof reloadSignals)[number];

/** What is done in a container. */
export type ReloadAction = { readonly command: readonly string[] } | { readonly signal: ReloadSignal };

/** Stands for a version in a command: that of the release, in a rollback the one that its container ran before. */
const versionPlace = '{version}';

export const asksForVersion = (action: ReloadAction): boolean =>
  'command' in action && action.command.some((word) => word.includes(versionPlace));

export const withVersion = (action: ReloadAction, version: string): ReloadAction =>
  'command' in action ? { command: action.command.map((word) => word.replaceAll(versionPlace, version)) } : action;

/** All texts of files together, in bytes: they travel with every call of an activity. */
export const mostText = 32 * 1024;

/** What a file holds, by where it comes from. */
interface Sources {
  readonly text: { readonly text: string };
  /** sha256: 64 hexadecimal digits. */
  readonly url: { readonly url: string; readonly sha256: string };
  /** A file of an image, which is named with its digest; `from`: its path there. */
  readonly image: { readonly image: string; readonly from: string };
}

/** A file that is put into containers. */
export type FileOf<K extends keyof Sources> = { readonly path: string } & Sources[K];
export type ReloadFile = { [K in keyof Sources]: FileOf<K> }[keyof Sources];

/** A reload as it is planned: every pod gets the same. */
export interface PlannedReload {
  /** What to call what runs afterwards. */
  readonly version: string;
  /** What a rollback asks for in a container that has none on record, where it asks for a version. */
  readonly earlier?: string;
  /** One after another. */
  readonly containers: readonly string[];
  readonly action: ReloadAction;
  /** Put there before `action`; a rollback puts back what was there before its own. */
  readonly files?: readonly ReloadFile[];
  /** What a rollback runs; absent: `action` once more. */
  readonly undo?: ReloadAction;
  /** How long `action` may take in one container. */
  readonly timeoutMs: number;
}

/** For people: `nginx -s reload`, `signal HUP`. */
const actionText = (action: ReloadAction): string =>
  'signal' in action ? `signal ${action.signal}` : commandText(action.command);

/** For people: what is done to a pod, and what a rollback does. */
export function reloadText({ version, containers, files = [], action, undo = action }: PlannedReload): string {
  const put = files.length === 0 ? '' : `put ${files.map(({ path }) => path).join(', ')}, then `;
  const again = asksForVersion(action) ? 'the same with the version before' : 'the same once more';
  const back = `${put === '' ? '' : 'the old files, then '}${undo === action ? again : actionText(undo)}`;
  return `${containers.join(', then ')}: ${put}${actionText(withVersion(action, version))}; a rollback: ${back}`;
}
