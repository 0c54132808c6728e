import { Readable, Writable } from 'node:stream';
import { Exec, type V1Status } from '@kubernetes/client-node';
import type { Connection } from './types.ts';

export interface ExecAt {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface ExecOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Written to its stdin, which is not closed: a program must know how much to read. */
  readonly stdin?: Buffer;
}

/**
 * - `ended`: the command ran. `stdout` is complete up to 8 MB.
 * - `cannotRun`: the container has no such program, or it may not be run. With an exit code it may be a script that ran, and met that.
 * - `refused`: the API server says no (403: RBAC, 404: no such pod).
 * - `unreached`: no answer from the node, or none in time (`late`); it may pass by itself.
 */
export type ExecAnswer =
  | { readonly kind: 'ended'; readonly exitCode: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'cannotRun'; readonly reason: string; readonly exitCode?: number; readonly stderr?: string }
  | { readonly kind: 'unreached'; readonly reason: string; readonly late?: true }
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string };

const frameBytes = 64 * 1024;

/** What goes beyond is dropped: /proc/net/tcp of 50,000 connections. */
const maxBytes = 8 * 1024 * 1024;

/**
 * Runs a command in a container over the Kubernetes exec websocket, without a terminal. Never hangs: after
 * `timeoutMs` the answer is `unreached` (the command may still run). Throws only what `signal` was aborted with.
 */
export async function exec(
  kube: Pick<Connection, 'config'>,
  at: ExecAt,
  command: readonly string[],
  { timeoutMs, signal, stdin }: ExecOptions,
): Promise<ExecAnswer> {
  signal.throwIfAborted();
  const stdout = collector();
  const stderr = collector();
  let end: (answer: ExecAnswer) => void = () => undefined;
  const ended = new Promise<ExecAnswer>((resolve) => {
    end = resolve;
  });
  const unreached = (reason: string): void => end({ kind: 'unreached', reason });
  const late = (): void => end({ kind: 'unreached', reason: `no answer within ${timeoutMs} ms`, late: true });
  const timer = setTimeout(late, timeoutMs);
  const abort = (): void => unreached('aborted');
  signal.addEventListener('abort', abort, { once: true });
  const { namespace, pod, container } = at;
  const socket = new Exec(kube.config).exec(
    namespace,
    pod,
    container,
    [...command],
    stdout.stream,
    stderr.stream,
    stdin === undefined ? null : openStream(stdin),
    false,
    (status) => end(answerOf(status, stdout.text(), stderr.text())),
  );
  const opened = socket.then(
    (open) => open.addEventListener('close', () => unreached('the connection was closed without an answer')),
    (error: unknown) => end(refusalOf(error)),
  );
  try {
    const answer = await ended;
    signal.throwIfAborted();
    return answer;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    // Also a connection that opens only later.
    void opened.then(() => socket.then((open) => open.close())).catch(() => undefined);
  }
}

/** Its content in frames, and no end: the client would close the connection at one, where the server is an older one. */
function openStream(content: Buffer): Readable {
  let at = 0;
  return new Readable({
    highWaterMark: frameBytes,
    read() {
      if (at >= content.length) return;
      const frame = content.subarray(at, at + frameBytes);
      at += frameBytes;
      this.push(frame);
    },
  });
}

function collector(): { stream: Writable; text: () => string } {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      done();
    },
  });
  stream.on('error', () => undefined);
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}

/** The Status object that ends every exec, channel.k8s.io v4 and v5. */
function answerOf(status: V1Status, stdout: string, stderr: string): ExecAnswer {
  if (status.status === 'Success') return { kind: 'ended', exitCode: 0, stdout, stderr };
  const exitCode = Number(status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message);
  const reason = (status.message ?? '').replace(/^Internal error occurred: /, '');
  // Shells and runc's exit codes for a program that is not there or may not be run.
  if (notThere.test(reason)) return { kind: 'cannotRun', reason };
  if (exitCode === 126 || exitCode === 127) return { kind: 'cannotRun', reason, exitCode, stderr };
  if (Number.isInteger(exitCode)) return { kind: 'ended', exitCode, stdout, stderr };
  return { kind: 'unreached', reason };
}

const notThere =
  /executable file not found|no such file or directory|exec format error|permission denied|unable to start container process/;

/** What the websocket says when the API server answers with a status instead of an upgrade. */
function refusalOf(error: unknown): ExecAnswer {
  const reason =
    typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
  const status = Number(/Unexpected server response: (\d+)/.exec(reason)?.[1]);
  return status >= 400 && status < 500 && status !== 429
    ? { kind: 'refused', status, reason: `the API server answers ${status}` }
    : { kind: 'unreached', reason };
}
