import type { Io, Screen } from '../../../client/cli/io.ts';
import { runCli } from '../../../client/cli/run.ts';

/** What one command line did. */
export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Ends with Ctrl-C as soon as this holds of what has been printed so far. */
  readonly interruptWhen?: (printed: string) => boolean;
  readonly tty?: boolean;
}

/** Runs the CLI in this process, as a shell would run it with pipes (or on a terminal of 100 × 40). */
export async function sluice(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { env = {}, input = '', interruptWhen, tty = false } = options;
  let stdout = '';
  let stderr = '';
  let interrupt: (() => void) | undefined;
  const screen = (keep: (text: string) => void): Screen => ({
    write(text) {
      keep(text);
      if (interruptWhen?.(stdout + stderr) === true) interrupt?.();
    },
    isTTY: tty,
    size: () => ({ columns: 100, rows: 40 }),
    onResize: () => () => undefined,
  });
  const io: Io = {
    stdout: screen((text) => (stdout += text)),
    stderr: screen((text) => (stderr += text)),
    readInput: () => Promise.resolve(input),
    onLine: undefined,
    env,
    now: () => Date.now(),
    onInterrupt(listener) {
      let done = false;
      interrupt = () => {
        if (!done) listener();
        done = true;
      };
      return () => undefined;
    },
  };
  const exit = await runCli(argv, io);
  return { exit, stdout, stderr };
}
