import { SluiceError } from '../../workflows/contract/errors.ts';
import { type BinaryName, binary, binaryNames } from '../binaries/catalog.ts';
import { findGo } from '../binaries/find-go.ts';
import { locate, variableOf } from '../binaries/locate.ts';
import { currentPlatform } from '../binaries/platform.ts';
import type { Finding } from './finding.ts';
import { versionOf } from './version.ts';

/** Where each program is, which version it says it is, and how a missing one is got. */
export async function inspectPrograms(needed: ReadonlySet<BinaryName>): Promise<Finding[]> {
  const hasGo = (await findGo()) !== undefined;
  return Promise.all(binaryNames.map((name) => inspectProgram(name, needed.has(name), hasGo)));
}

async function inspectProgram(name: BinaryName, needed: boolean, hasGo: boolean): Promise<Finding> {
  const wanted = binary(name).version;
  const base = { group: 'programs', name } as const;
  try {
    const location = await locate(name);
    if (location === undefined) return { ...base, ...missing(name, needed, hasGo) };
    if (location.source === 'cache') {
      // Its file name says the version, and only a checked download or a build at that version gets there.
      return { ...base, state: 'ok', detail: 'in the cache', path: location.path, version: wanted };
    }
    const version = await versionOf(name, location.path);
    const differs = version !== undefined && version !== wanted;
    return {
      ...base,
      state: 'ok',
      detail: `from ${variableOf(name)}${differs ? `; Sluice is tested with ${wanted}` : ''}`,
      path: location.path,
      ...(version !== undefined && { version }),
    };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { ...base, state: 'problem', detail: error.message, next: error.next };
  }
}

function missing(name: BinaryName, needed: boolean, hasGo: boolean): Pick<Finding, 'state' | 'detail' | 'next'> {
  const published = binary(name).download(currentPlatform()) !== undefined;
  const ways = [...(published ? ['downloaded'] : []), ...(hasGo ? ['built with Go'] : [])];
  const what = `not here; version ${binary(name).version} is wanted`;
  if (ways.length === 0) {
    return {
      state: needed ? 'problem' : 'absent',
      detail: `${what}, and there is neither a download for this system nor Go to build it`,
      next: `Install Go 1.24 or newer, or set ${variableOf(name)}.`,
    };
  }
  const when = needed ? '`sluice up`' : 'the first command that needs it';
  return { state: 'absent', detail: what, next: `Nothing: ${when} gets it (${ways.join(', else ')}).` };
}
