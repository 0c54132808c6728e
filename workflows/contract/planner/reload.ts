import { SluiceError } from '../errors.ts';
import { workloadName } from '../names.ts';
import type { Observation, ObservedPod } from '../observation.ts';
import type { PlannedChange } from '../plan.ts';
import { milliseconds } from '../quantity.ts';
import type { ReloadSpec } from '../reload.schema.ts';
import { asksForVersion, type PlannedReload, type ReloadAction, type ReloadFile } from '../reload.ts';
import { versionOf } from './restart.ts';

/**
 * A reload, which changes nothing of the template. The version before is what every pod runs by an earlier reload, else
 * that of the image.
 * @throws CONTAINER_NOT_FOUND, RELOAD_UNCHANGED
 */
export function plannedReload(asked: ReloadSpec, observation: Observation): PlannedChange {
  const containers = asked.containers ?? onlyContainer(observation);
  const reload: PlannedReload = {
    version: asked.version,
    containers,
    ...(asked.files && { files: asked.files.map(fileOf) }),
    action: actionOf(asked),
    ...(asked.undo && { undo: actionOf(asked.undo) }),
    timeoutMs: milliseconds(asked.timeout),
  };
  const { pods, target, templateImages } = observation;
  const earlier = earlierVersion(reload, observation);
  if (pods.length > 0 && pods.every((pod) => runsReload(pod, reload))) {
    throw new SluiceError('RELOAD_UNCHANGED', `Every pod of ${workloadName(target)} runs ${reload.version} already.`);
  }
  const [first = ''] = containers;
  const before = new Set(pods.map(({ reloaded }) => reloaded?.[first]));
  const fromVersion =
    (before.size === 1 ? [...before][0] : undefined) ?? versionOf(templateImages[first] ?? '', observation);
  const own = { ...reload, ...(earlier !== undefined && { earlier }) };
  return { from: {}, to: {}, version: reload.version, fromVersion, reload: own };
}

/**
 * The version that most likely ran before, where a rollback asks for one.
 * @throws RELOAD_IMPOSSIBLE where none is on record
 */
function earlierVersion({ action, undo = action, containers }: PlannedReload, { target, pods }: Observation) {
  if (!asksForVersion(undo)) return undefined;
  const known = pods.flatMap(({ reloaded = {} }) => containers.flatMap((container) => reloaded[container] ?? []));
  if (known[0] !== undefined || pods.length === 0) return known[0];
  throw new SluiceError(
    'RELOAD_IMPOSSIBLE',
    `change.reload: a rollback asks for the version before, and no pod of ${workloadName(target)} has one on record.`,
    { next: 'Say what a rollback runs: `undo: { command: […] }`, with that version written out.' },
  );
}

/** Whether all of its containers run that version, and have not been started anew since. */
export const runsReload = (
  { reloaded = {} }: Pick<ObservedPod, 'reloaded'>,
  { containers, version }: Pick<PlannedReload, 'containers' | 'version'>,
): boolean => containers.every((container) => reloaded[container] === version);

function onlyContainer({ target, templateImages }: Observation): readonly string[] {
  const there = Object.keys(templateImages);
  if (there.length === 1) return there;
  throw new SluiceError(
    'CONTAINER_NOT_FOUND',
    `change.reload.containers: ${workloadName(target)} has ${there.join(', ')}; say which of them.`,
    { details: { there } },
  );
}

/** The schema has seen to it that there is one source. */
function fileOf({ path, text = '', url, sha256 = '', image, from = path }: Asked): ReloadFile {
  if (image !== undefined) return { path, image, from };
  return url === undefined ? { path, text } : { path, url, sha256 };
}

type Asked = NonNullable<ReloadSpec['files']>[number];

/** The schema has seen to it that there is one of the two. */
const actionOf = ({ command, signal }: Pick<ReloadSpec, 'command' | 'signal'>): ReloadAction =>
  signal === undefined ? { command: command ?? [] } : { signal };
