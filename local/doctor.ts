import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SluiceError } from '../workflows/contract/errors.ts';
import { baseBinaries } from './base-binaries.ts';
import { currentPlatform } from './binaries/platform.ts';
import { inspectContainerd } from './doctor/containerd.ts';
import type { Finding } from './doctor/finding.ts';
import { inspectPorts } from './doctor/ports.ts';
import { inspectPrograms } from './doctor/programs.ts';
import { inspectTools } from './doctor/tools.ts';
import { inspect } from './inspect.ts';
import { ownPorts } from './own-ports.ts';
import { cacheDirectory, pathsOf, stateDirectory } from './paths.ts';
import { loadRuntime } from './runtimes.ts';
import { readState } from './state.ts';
import type { StackReport } from './types.ts';

export interface DoctorReport {
  /** Whether no finding is a problem. */
  readonly ok: boolean;
  readonly stateDir: string;
  readonly cacheDir: string;
  readonly findings: readonly Finding[];
  readonly stack: StackReport;
}

/**
 * Looks at everything that the local stack needs and has. Builds nothing, downloads nothing, changes nothing.
 */
export async function doctor(options: { readonly stateDir?: string } = {}): Promise<DoctorReport> {
  const paths = pathsOf(stateDirectory(options.stateDir));
  const [stack, state] = await Promise.all([inspect({ stateDir: paths.root }), readState(paths)]);
  const runtime = await loadRuntime(state?.runtime ?? 'kwok');
  const groups = await Promise.all([
    inspectSystem(paths.root),
    inspectPrograms(new Set([...baseBinaries, ...runtime.binaries])),
    inspectTools(),
    inspectContainerd(runtime.name === 'containerd'),
    ownPorts(paths).then((own) => inspectPorts(state, own)),
  ]);
  const findings = [...groups.flat(), ...stackFindings(stack)];
  return {
    ok: findings.every((finding) => finding.state !== 'problem'),
    stateDir: paths.root,
    cacheDir: cacheDirectory(),
    findings,
    stack,
  };
}

async function inspectSystem(stateDir: string): Promise<Finding[]> {
  return Promise.all([
    inspectPlatform(),
    inspectDirectory('state directory', stateDir),
    inspectDirectory('cache directory', cacheDirectory()),
  ]);
}

async function inspectPlatform(): Promise<Finding> {
  const base = { group: 'system', name: 'platform' } as const;
  try {
    const { os, arch } = currentPlatform();
    return { ...base, state: 'ok', detail: `${os}/${arch}, Node ${process.versions.node}` };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { ...base, state: 'problem', detail: error.message, next: error.next };
  }
}

/** A directory that is not there yet is judged by the nearest one above it that is. */
async function inspectDirectory(name: string, path: string): Promise<Finding> {
  for (let directory = path; ; directory = dirname(directory)) {
    const base = { group: 'system', name, path } as const;
    try {
      await access(directory, constants.W_OK | constants.X_OK);
      return { ...base, state: 'ok', detail: directory === path ? 'there' : 'is made when it is needed' };
    } catch (error) {
      const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (absent && dirname(directory) !== directory) continue;
      return {
        ...base,
        state: 'problem',
        detail: `${directory} cannot be written to`,
        next: name === 'state directory' ? 'Set SLUICE_STATE_DIR.' : 'Set XDG_CACHE_HOME.',
      };
    }
  }
}

function stackFindings(stack: StackReport): Finding[] {
  if (stack.state === 'none' || stack.state === 'down') {
    return [
      {
        group: 'stack',
        name: 'local stack',
        state: 'absent',
        detail: stack.state === 'none' ? 'never started here' : 'stopped; its state is kept',
        next: 'Start it with `sluice up`.',
      },
    ];
  }
  const unfinished: Finding = {
    group: 'stack',
    name: 'local stack',
    state: 'problem',
    detail: 'the last `up` did not finish',
    next: 'Run `sluice up`; it starts what is missing.',
  };
  const allRun = stack.parts.every((part) => part.state === 'running');
  const parts = stack.parts.map((part): Finding => {
    const base = { group: 'stack', name: part.name, path: part.log } as const;
    if (part.state === 'running') return { ...base, state: 'ok', detail: `running as process ${part.pid ?? '?'}` };
    const [first = ''] = (part.detail ?? '').split('\n').slice(-1);
    return {
      ...base,
      state: 'problem',
      detail: part.state === 'dead' ? `dead: ${first}` : `alive but not ready: ${first}`,
      next: `Run \`sluice up\`; its log is ${part.log}.`,
    };
  });
  return stack.state === 'degraded' && allRun ? [unfinished, ...parts] : parts;
}
