import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { SluiceError } from '../../workflows/contract/errors.ts';
import type { Binary, Download } from './catalog.ts';
import { findChecksum } from './checksum.ts';
import { untar } from './untar.ts';

export interface DownloadOptions {
  /** Where a mirror lies: `https://dl.k8s.io/x` is got from `<base>/dl.k8s.io/x`. Default: the publishers themselves. */
  readonly base?: string;
  /** Told now and then, 0…1, where the size is known. */
  readonly onFraction?: (fraction: number) => void;
  readonly signal?: AbortSignal;
}

/** Why a download did not happen; the program can still be built. */
export class DownloadUnavailable extends Error {
  override readonly name = 'DownloadUnavailable';
}

const attempts = 3;

/**
 * Downloads a program to `file`, executable, after its checksum was found right. Whenever it ends early, `file` is not there.
 * @throws DownloadUnavailable when it cannot be had; LOCAL_CHECKSUM when what came is not what its publisher says
 */
export async function download(
  binary: Binary,
  from: Download,
  file: string,
  temporary: string,
  options: DownloadOptions = {},
): Promise<void> {
  // Its own agent: an unreachable network is found out in 5 s, and the proxy of the environment is used.
  const agent = new EnvHttpProxyAgent({ connect: { timeout: 5_000 }, headersTimeout: 15_000, bodyTimeout: 30_000 });
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        await once(binary, from, temporary, agent, options);
        break;
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!(error instanceof TransientFailure)) throw error;
        if (attempt === attempts) throw new DownloadUnavailable(error.message, { cause: error });
        await sleep(attempt * 300);
      }
    }
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
    await agent.close();
  }
}

async function once(
  binary: Binary,
  from: Download,
  temporary: string,
  agent: EnvHttpProxyAgent,
  options: DownloadOptions,
): Promise<void> {
  const sums = await get(from.checksum.url, agent, options);
  const statement = await sums.text().catch((error: unknown) => {
    throw new TransientFailure(`${from.checksum.url}: ${reason(error)}`);
  });
  const wanted = findChecksum(from, statement);
  if (wanted === undefined) throw new DownloadUnavailable(`${from.checksum.url} states no checksum for it`);
  const response = await get(from.url, agent, options);
  const hash = createHash('sha256');
  const body = counted(response, hash, options.onFraction);
  const output = createWriteStream(temporary, { mode: 0o755 });
  let broken: unknown;
  try {
    const { member } = from;
    if (member === undefined) await pipeline(body, output);
    else await pipeline(body, createGunzip(), (tar: AsyncIterable<Buffer>) => untar(tar, member), output);
  } catch (error) {
    options.signal?.throwIfAborted();
    // The network, or the disk: nothing is wrong with what came.
    if (error instanceof TransientFailure || (error instanceof Error && 'syscall' in error)) throw error;
    broken = error;
  }
  const found = hash.digest('hex');
  if (found === wanted) {
    if (broken === undefined) return;
    throw new DownloadUnavailable(`${from.url}: ${reason(broken)}`, { cause: broken });
  }
  throw new SluiceError(
    'LOCAL_CHECKSUM',
    `${binary.name}: what ${from.url} gave has the wrong checksum and was thrown away.`,
    { details: { program: binary.name, url: from.url, wanted, found }, cause: broken },
  );
}

type Answer = Awaited<ReturnType<typeof fetch>>;

async function get(url: string, agent: EnvHttpProxyAgent, { base, signal }: DownloadOptions): Promise<Answer> {
  const address = base === undefined ? url : `${base.replace(/\/+$/, '')}/${url.replace(/^https?:\/\//, '')}`;
  let answer: Answer;
  try {
    answer = await fetch(address, { dispatcher: agent, ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    throw new DownloadUnavailable(`${address}: ${reason(error)}`, { cause: error });
  }
  if (answer.ok) return answer;
  await answer.body?.cancel();
  const what = `${address}: HTTP ${answer.status}`;
  throw answer.status >= 500 || answer.status === 429 ? new TransientFailure(what) : new DownloadUnavailable(what);
}

/** Worth another try. */
class TransientFailure extends Error {
  override readonly name = 'TransientFailure';
}

async function* counted(
  { url, body, headers }: Answer,
  hash: { update(chunk: Uint8Array): unknown },
  onFraction: DownloadOptions['onFraction'],
): AsyncGenerator<Uint8Array> {
  const total = Number(headers.get('content-length') ?? 0);
  let received = 0;
  try {
    for await (const chunk of body ?? []) {
      hash.update(chunk);
      received += chunk.length;
      if (total > 0) onFraction?.(received / total);
      yield chunk;
    }
  } catch (error) {
    throw new TransientFailure(`${url}: the connection broke after ${received} bytes: ${reason(error)}`);
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
