import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { withLock } from '../process/lock.ts';
import type { ReportProgress } from '../types.ts';
import { build } from './build.ts';
import { type Binary, type BinaryName, binary } from './catalog.ts';
import { DownloadUnavailable, download } from './download.ts';
import { findGo } from './find-go.ts';
import { binDirectory, cachePath, locate, variableOf } from './locate.ts';
import { currentPlatform } from './platform.ts';

export interface ResolveOptions {
  readonly report?: ReportProgress;
  readonly signal?: AbortSignal;
}

/**
 * The paths of programs, getting the missing ones. In this order: named with SLUICE_BIN_<NAME>; in the cache; the official download with its checksum
 * (a mirror: SLUICE_DOWNLOAD_BASE; none: SLUICE_DOWNLOAD_BASE=off); a build from the Go modules. Safe to interrupt and to run twice at once.
 * @throws LOCAL_BINARY_UNAVAILABLE, LOCAL_CHECKSUM, LOCAL_UNSUPPORTED; the reason of `signal`
 */
export async function resolveBinaries<Name extends BinaryName>(
  names: readonly Name[],
  options: ResolveOptions = {},
): Promise<Record<Name, string>> {
  const missing = await missingOf(names);
  if (missing.length > 0) {
    await mkdir(binDirectory(), { recursive: true });
    const { report, signal } = options;
    await withLock(join(binDirectory(), 'lock'), async () => getAll(await missingOf(missing), options), {
      signal,
      onWait: (holder) => report?.({ kind: 'note', text: `process ${holder} is getting programs; waiting for it` }),
    });
  }
  const paths = await Promise.all(names.map(async (name) => [name, (await locate(name))?.path] as const));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- getAll has thrown if one of them is still missing
  return Object.fromEntries(paths) as Record<Name, string>;
}

async function missingOf(names: readonly BinaryName[]): Promise<BinaryName[]> {
  const located = await Promise.all(names.map(locate));
  return names.filter((_, index) => located[index] === undefined);
}

/** Whoever holds the lock may take every leftover for one of a killed command. */
async function getAll(names: readonly BinaryName[], options: ResolveOptions): Promise<void> {
  for (const file of await readdir(binDirectory())) {
    if (file.startsWith('.tmp-')) await rm(join(binDirectory(), file), { recursive: true, force: true });
  }
  const results = await Promise.allSettled(names.map((name) => tryDownload(binary(name), options)));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  const reasons = new Map<Binary, string>();
  for (const [index, result] of results.entries()) {
    const name = names[index];
    if (name !== undefined && result.status === 'fulfilled' && result.value !== undefined) {
      reasons.set(binary(name), result.value);
    }
  }
  if (reasons.size > 0) await buildAll(reasons, options);
}

/** @returns undefined when it is there now, else why not */
async function tryDownload(program: Binary, { report, signal }: ResolveOptions): Promise<string | undefined> {
  const base = process.env['SLUICE_DOWNLOAD_BASE'];
  const from = program.download(currentPlatform());
  if (from === undefined) return 'it is not published for this system';
  if (base === 'off') return 'downloads are off';
  const names = [program.name];
  const tell = throttled((fraction: number) =>
    report?.({ kind: 'binary', names, step: 'downloading', detail: from.url, fraction }),
  );
  report?.({ kind: 'binary', names, step: 'downloading', detail: from.url });
  try {
    await download(program, from, cachePath(program.name), join(binDirectory(), `.tmp-${program.name}`), {
      ...(base !== undefined && base !== '' && { base }),
      ...(signal && { signal }),
      onFraction: tell,
    });
    report?.({ kind: 'binary', names, step: 'ready', detail: 'downloaded' });
    return undefined;
  } catch (error) {
    if (!(error instanceof DownloadUnavailable)) throw error;
    report?.({ kind: 'binary', names, step: 'unavailable', detail: error.message });
    return error.message;
  }
}

async function buildAll(reasons: ReadonlyMap<Binary, string>, { report, signal }: ResolveOptions): Promise<void> {
  if ((await findGo()) === undefined) {
    const lines = [...reasons].map(([{ name }, why]) => `  ${name}: ${why}`);
    const [first] = reasons.keys();
    throw new SluiceError(
      'LOCAL_BINARY_UNAVAILABLE',
      `These programs are not in ${binDirectory()}, cannot be downloaded, and there is no Go to build them:\n${lines.join('\n')}`,
      {
        next: `Connect to the network, install Go 1.24 or newer, or name each with a variable like ${variableOf(first?.name ?? 'etcd')}.`,
        details: { programs: [...reasons.keys()].map(({ name }) => name) },
      },
    );
  }
  // One module after the other: what they share is compiled once, and one build keeps every core busy.
  for (const module of new Set([...reasons.keys()].map((program) => program.module))) {
    const targets = new Map(
      [...reasons.keys()]
        .filter((program) => program.module === module)
        .map((program) => [program, cachePath(program.name)] as const),
    );
    const names = [...targets.keys()].map(({ name }) => name);
    report?.({ kind: 'binary', names, step: 'building', detail: 'from source; the first time takes minutes' });
    const tell = throttled((detail: string, fraction?: number) =>
      report?.({ kind: 'binary', names, step: 'building', detail, ...(fraction !== undefined && { fraction }) }),
    );
    await build(targets, join(binDirectory(), `.tmp-${module}`), { ...(signal && { signal }), onProgress: tell });
    report?.({ kind: 'binary', names, step: 'ready', detail: 'built' });
  }
}

/** Lets a call through at most four times a second. */
function throttled<Args extends unknown[]>(call: (...args: Args) => void): (...args: Args) => void {
  let next = 0;
  return (...args) => {
    if (performance.now() < next) return;
    next = performance.now() + 250;
    call(...args);
  };
}
