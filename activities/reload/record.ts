import { marks } from '../../workflows/contract/names.ts';
import type { PlannedReload } from '../../workflows/contract/reload.ts';
import { statusOf } from '../kubernetes/podState.ts';
import type { Pod } from '../kubernetes/wire.ts';

/**
 * What was reloaded into a container: an entry of the annotation marks.reloaded of its pod. A container that was started
 * anew since has another ID, and runs what its image has. Written before the command too, so that after a crash of the
 * worker it is known where one may have been run.
 */
export interface ReloadEntry {
  readonly version: string;
  readonly containerID: string;
  /** Of which release, as in marks.release. */
  readonly release: string;
  /** When it was written, ISO 8601, by the worker's clock. */
  readonly at: string;
  /** `Impossible`: it was never begun, for the container has no such program. */
  readonly state: 'Running' | 'Done' | 'Failed' | 'Impossible';
  /** The entry of an earlier release, which a rollback puts back. */
  readonly before?: ReloadEntry;
}

type Entries = Readonly<Record<string, ReloadEntry>>;

/** All entries on `pod`, by container; none where somebody has made them unreadable. */
export function entriesOn({ metadata }: Pod): Entries {
  const text = metadata.annotations?.[marks.reloaded];
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    const all = typeof value === 'object' && value !== null ? Object.entries(value) : [];
    return Object.fromEntries(all.filter((entry): entry is [string, ReloadEntry] => isEntry(entry[1])));
  } catch {
    return {};
  }
}

/** Versions by container, of those that run what was reloaded into them. */
export function reloadedOn(pod: Pod): Readonly<Record<string, string>> {
  const inForce = Object.entries(entriesOn(pod)).filter(
    ([container, { state, containerID }]) => state === 'Done' && statusOf(pod, container)?.containerID === containerID,
  );
  return Object.fromEntries(inForce.map(([container, { version }]) => [container, version]));
}

/** Whether all containers of the reload run it. */
export function runsVersion(pod: Pod, { containers, version }: PlannedReload): boolean {
  const reloaded = reloadedOn(pod);
  return containers.every((container) => reloaded[container] === version);
}

/** Whether `holder` has left an entry for one of the containers. */
export const isTouched = (pod: Pod, { containers }: PlannedReload, holder: string): boolean =>
  containers.some((container) => entriesOn(pod)[container]?.release === holder);

/** Whether `holder` has tried it in vain, in a container that still is the same: it is not tried by itself again. */
export const hasFailed = (pod: Pod, { containers }: PlannedReload, holder: string): boolean =>
  containers.some((container) => {
    const { release, state, containerID } = entriesOn(pod)[container] ?? {};
    const tried = release === holder && (state === 'Failed' || state === 'Impossible');
    return tried && statusOf(pod, container)?.containerID === containerID;
  });

/** The annotation with `entry` for `container`, or without one: null where none is left. */
export function withEntry(pod: Pod, container: string, entry: ReloadEntry | undefined): string | null {
  const { [container]: _, ...others } = entriesOn(pod);
  const all = entry === undefined ? others : { ...others, [container]: entry };
  return Object.keys(all).length === 0 ? null : JSON.stringify(all);
}

function isEntry(value: unknown): value is ReloadEntry {
  if (typeof value !== 'object' || value === null) return false;
  return ['version', 'containerID', 'release', 'at', 'state'].every(
    (key) => typeof (value as Record<string, unknown>)[key] === 'string',
  );
}
