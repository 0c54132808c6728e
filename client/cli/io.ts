import process from 'node:process';
import { createInterface } from 'node:readline';

/** A stream that people or programs read. */
export interface Screen {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Size in characters; 80 × 24 where it is not known. */
  size(): { readonly columns: number; readonly rows: number };
  /** Returns what takes the listener away. */
  onResize(listener: () => void): () => void;
}

/** Everything through which a command touches the outside, so that tests can run one in process. */
export interface Io {
  readonly stdout: Screen;
  readonly stderr: Screen;
  /** All of standard input, as text. */
  readInput(): Promise<string>;
  /** Lines that a person types; undefined where nobody sits there. Returns what ends it. */
  readonly onLine: ((listener: (line: string) => void) => () => void) | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `listener` on Ctrl-C or SIGTERM instead of dying; returns what takes it away. */
  onInterrupt(listener: () => void): () => void;
}

/** The real thing. */
export function processIo(): Io {
  return {
    stdout: screenOf(process.stdout),
    stderr: screenOf(process.stderr),
    async readInput() {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
      return Buffer.concat(chunks).toString('utf8');
    },
    onLine: process.stdin.isTTY ? onTypedLine : undefined,
    env: process.env,
    now: () => Date.now(),
    onInterrupt(listener) {
      process.on('SIGINT', listener);
      process.on('SIGTERM', listener);
      return () => {
        process.off('SIGINT', listener);
        process.off('SIGTERM', listener);
      };
    },
  };
}

function onTypedLine(listener: (line: string) => void): () => void {
  // Without `terminal` readline leaves the echo and Ctrl-C to the terminal itself.
  const lines = createInterface({ input: process.stdin, terminal: false });
  lines.on('line', listener);
  return () => {
    lines.close();
    process.stdin.unref();
  };
}

function screenOf(stream: NodeJS.WriteStream): Screen {
  return {
    write: (text) => void stream.write(text),
    isTTY: stream.isTTY,
    size: () => ({ columns: stream.columns || 80, rows: stream.rows || 24 }),
    onResize(listener) {
      stream.on('resize', listener);
      return () => stream.off('resize', listener);
    },
  };
}
