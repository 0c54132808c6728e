import { spawn } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import readline from 'node:readline';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { packagePath } from '../asset.ts';
import { type Binary, linkerFlags } from './catalog.ts';

export interface BuildOptions {
  /** Directory of the Go modules. Default: the one that travels with Sluice. */
  readonly modules?: string;
  readonly onProgress?: (detail: string, fraction?: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Builds programs of one Go module with one `go build`, at the versions that its go.mod and go.sum pin.
 * @param targets where each program goes; each appears there whole or not at all
 * @param temporary a directory of our own beside the targets
 * @throws LOCAL_BINARY_UNAVAILABLE with the end of what Go said
 */
export async function build(
  targets: ReadonlyMap<Binary, string>,
  temporary: string,
  options: BuildOptions = {},
): Promise<void> {
  const binaries = [...targets.keys()];
  const module = binaries[0]?.module;
  if (module === undefined) return;
  const directory = join(options.modules ?? packagePath('local/go'), module);
  const packages = binaries.map((binary) => binary.package);
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  try {
    const total = await countPackages(directory, packages, options);
    let compiled = 0;
    const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', '-v', `-ldflags=${linkerFlags[module]}`];
    await runGo(['build', ...flags, '-o', `${temporary}/`, ...packages], directory, options, (line) => {
      // -v prints each package as it is compiled; what the build cache holds is not printed.
      if (line.startsWith('go: downloading ')) options.onProgress?.(line.slice('go: '.length));
      else options.onProgress?.(`${++compiled} of at most ${total} packages`, compiled / total);
    });
    for (const [binary, file] of targets) await rename(join(temporary, outputName(binary)), file);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Go names a program after the last segment of its package that is not a version. */
function outputName(binary: Binary): string {
  return basename(binary.package.replace(/\/v\d+$/, ''));
}

async function countPackages(directory: string, packages: readonly string[], options: BuildOptions): Promise<number> {
  let count = 0;
  await runGo(['list', '-mod=readonly', '-deps', '-f', '{{.ImportPath}}', ...packages], directory, options, (line) => {
    if (line.startsWith('go: downloading ')) options.onProgress?.(line.slice('go: '.length));
    else count++;
  });
  return count;
}

/** @param onLine told every line of both outputs */
async function runGo(
  args: readonly string[],
  directory: string,
  { signal }: BuildOptions,
  onLine: (line: string) => void,
): Promise<void> {
  const last: string[] = [];
  const child = spawn('go', args, {
    cwd: directory,
    // No C compiler is needed this way, and the program runs on every Linux.
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal && { signal, killSignal: 'SIGTERM' }),
  });
  for (const output of [child.stdout, child.stderr]) {
    readline.createInterface({ input: output }).on('line', (line) => {
      last.push(line);
      if (last.length > 12) last.shift();
      onLine(line);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw error;
  });
  if (code === 0) return;
  throw new SluiceError(
    'LOCAL_BINARY_UNAVAILABLE',
    `\`go ${args[0] ?? ''}\` in ${directory} failed.\n${last.join('\n')}`,
    {
      next: 'Connect to the network (GOPROXY tells Go where modules are), or name the program with SLUICE_BIN_<NAME>.',
    },
  );
}
