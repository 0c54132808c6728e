import { humanDuration } from '../../workflows/contract/quantity.ts';
import type { ReloadAction } from '../../workflows/contract/reload.ts';
import { type ExecAnswer, type ExecAt, type ExecOptions, exec } from '../kubernetes/exec.ts';
import type { Connection } from '../kubernetes/types.ts';

/**
 * - `impossible`: it was never begun: no such program, nothing that can send a signal.
 * - `failed`: it ended otherwise than with 0, or not in time: then it may still run.
 * - `unreached`: nobody knows; it may pass by itself.
 */
export type Acted =
  | 'done'
  | { readonly is: 'impossible' | 'failed' | 'refused' | 'unreached'; readonly reason: string };

/** Runs a command or sends a signal in a container. */
export async function act(
  kube: Pick<Connection, 'config'>,
  at: ExecAt,
  action: ReloadAction,
  options: ExecOptions,
): Promise<Acted> {
  const { timeoutMs } = options;
  if ('command' in action) return actedOf(await exec(kube, at, action.command, options), timeoutMs);
  const [first, second] = kills(action.signal);
  const byShell = await exec(kube, at, first, options);
  return actedOf(isMissing(byShell) ? await exec(kube, at, second, options) : byShell, timeoutMs);
}

/** The ways to signal process 1 from within: by the shell's own kill, as slim images have no other; else by the program. */
const kills = (signal: string) =>
  [
    ['sh', '-c', 'kill -s "$0" 1', signal],
    ['kill', '-s', signal, '1'],
  ] as const;

/** It was not begun, for there is no such program. */
export const isMissing = (answer: ExecAnswer): boolean => answer.kind === 'cannotRun' && answer.exitCode === undefined;

export function actedOf(answer: ExecAnswer, timeoutMs: number): Acted {
  switch (answer.kind) {
    case 'ended':
      if (answer.exitCode === 0) return 'done';
      return { is: 'failed', reason: `exit code ${answer.exitCode}${lastOf(answer.stderr || answer.stdout)}` };
    case 'cannotRun':
      if (answer.exitCode === undefined) return { is: 'impossible', reason: answer.reason };
      return { is: 'failed', reason: `exit code ${answer.exitCode}${lastOf(answer.stderr ?? '')}` };
    case 'refused':
      return { is: answer.status === 403 || answer.status === 401 ? 'refused' : 'unreached', reason: answer.reason };
    case 'unreached':
      if (answer.late !== true) return { is: 'unreached', reason: answer.reason };
      return { is: 'failed', reason: `not through after ${humanDuration(timeoutMs)}; it may still run` };
  }
}

const mostLines = 5;
const mostCharacters = 500;

/** The last lines of what a command said. */
function lastOf(said: string): string {
  const lines = said
    .trim()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const text = lines.slice(-mostLines).join(' / ');
  if (text === '') return '';
  return `: ${text.length > mostCharacters ? `…${text.slice(-mostCharacters)}` : text}`;
}
