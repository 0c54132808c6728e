import type { PlannedReload, ReloadSignal } from '../../workflows/contract/reload.ts';
import { type ExecAt, exec } from '../kubernetes/exec.ts';
import { statusOf } from '../kubernetes/podState.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Pod } from '../kubernetes/wire.ts';
import { isMissing } from './act.ts';
import { whyNoFiles } from './files.ts';

const timeoutMs = 5_000;

/**
 * Why a pod cannot reload in that way, as far as that can be known without doing it; undefined where nothing is known to
 * be in the way. What cannot be asked now, because nobody answers or the image has no shell, shows when it is done.
 */
export async function whyImpossible(
  kube: Pick<Connection, 'config'>,
  pod: Pod,
  { containers, files = [], action, undo }: PlannedReload,
  signal: AbortSignal,
): Promise<{ readonly container: string; readonly why: string } | undefined> {
  for (const container of containers) {
    if (statusOf(pod, container)?.state?.running === undefined) continue;
    const at = { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name, container };
    const paths = files.map(({ path }) => path);
    const noFiles = paths.length === 0 ? undefined : await whyNoFiles(kube, at, paths, signal);
    if (noFiles !== undefined) return { container, why: noFiles };
    for (const wanted of undo === undefined ? [action] : [action, undo]) {
      const why =
        'command' in wanted
          ? await whyNoCommand(kube, at, wanted, signal)
          : (sharedText(pod, wanted) ?? (await whyNoSignal(kube, at, wanted.signal, signal)));
      if (why !== undefined) return { container, why };
    }
  }
  return undefined;
}

async function whyNoCommand(
  kube: Pick<Connection, 'config'>,
  at: ExecAt,
  { command: [program = ''] }: { readonly command: readonly string[] },
  signal: AbortSignal,
): Promise<string | undefined> {
  const found = await exec(kube, at, ['sh', '-c', 'command -v "$0"', program], { timeoutMs, signal });
  const noShell = isMissing(found) && /^(?:.*\/)?sh$/.test(program);
  const isKnown = found.kind === 'ended' || (found.kind === 'cannotRun' && found.exitCode !== undefined);
  return noShell || (isKnown && found.exitCode !== 0) ? `its image has no program ${program}` : undefined;
}

/** With a shell its own `read` shows what process 1 makes of signals: one that it does not handle would be lost. */
async function whyNoSignal(
  kube: Pick<Connection, 'config'>,
  at: ExecAt,
  name: ReloadSignal,
  signal: AbortSignal,
): Promise<string | undefined> {
  const script = 'kill -0 1 && while read -r line; do echo "$line"; done </proc/1/status';
  const byShell = await exec(kube, at, ['sh', '-c', script], { timeoutMs, signal });
  const answer = isMissing(byShell) ? await exec(kube, at, ['kill', '-0', '1'], { timeoutMs, signal }) : byShell;
  if (isMissing(answer)) return 'its image has neither sh nor kill to send a signal with; use a command of the program';
  if (answer.kind !== 'ended') return undefined;
  if (answer.exitCode !== 0) return `a signal cannot be sent to its process 1: ${answer.stderr.trim()}`;
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(answer.stdout)?.[1];
  if (caught === undefined || handles(caught, name)) return undefined;
  return `its process 1 does not handle ${name}: the signal would be lost`;
}

const numbers: Readonly<Record<ReloadSignal, bigint>> = { HUP: 1n, USR1: 10n, USR2: 12n, WINCH: 28n };

/** `mask`: SigCgt of /proc/<pid>/status, hexadecimal. */
export const handles = (mask: string, signal: ReloadSignal): boolean =>
  ((BigInt(`0x${mask}`) >> (numbers[signal] - 1n)) & 1n) === 1n;

/** Process 1 is another one then. */
function sharedText({ spec }: Pod, { signal }: { readonly signal: ReloadSignal }): string | undefined {
  const shared = spec.shareProcessNamespace === true || spec.hostPID === true;
  return shared
    ? `its pod shares its process namespace, so process 1 is not the program's: ${signal} cannot be sent; use a command`
    : undefined;
}
