import { SluiceError } from '../errors.ts';
import { pinned, shortDigest } from '../imageName.ts';
import { workloadName } from '../names.ts';
import type { Images, Observation } from '../observation.ts';
import type { PlannedChange } from '../plan.ts';
import type { ReleaseSpec } from '../spec.ts';
import { containerOrder } from './containerOrder.ts';
import { restartImages, versionOf } from './restart.ts';

/**
 * The images that change, pinned to their digests where those are known. A container that the template and every pod
 * run as it was written is left out, also where a digest is known: nobody asked for its restart.
 * @throws CONTAINER_NOT_FOUND, IMAGE_UNCHANGED, RESTART_UNSAFE
 */
export function plannedChange({ change }: ReleaseSpec, observation: Observation): PlannedChange {
  const { restart, order: asked = [] } = change;
  for (const [index, entry] of asked.entries())
    requireContainers(`change.order[${index}]`, [entry].flat(), observation);
  const planned = restart === undefined ? plannedImages(change, observation) : plannedRestart(restart, observation);
  const order = containerOrder(asked, Object.keys(planned.to));
  return { ...planned, ...(order !== undefined && { order }) };
}

function plannedImages(change: ReleaseSpec['change'], observation: Observation): PlannedChange {
  const { templateImages, findings } = observation;
  const asked = change.images ?? {};
  requireContainers('change.images', Object.keys(asked), observation);
  const from: Record<string, string> = {};
  const to: Record<string, string> = {};
  for (const [container, written] of Object.entries(asked)) {
    const wanted = change.pin === 'Digest' ? pinned(written, findings.digests[container]) : written;
    const now = new Set([templateImages[container], ...observation.pods.map(({ images }) => images[container])]);
    if (now.size === 1 && (now.has(wanted) || now.has(written))) continue;
    from[container] = templateImages[container] ?? '';
    to[container] = wanted;
  }
  const [first] = Object.keys(to);
  if (first === undefined) throw unchanged(asked, observation);
  return { from, to, ...versions(from[first] ?? '', to[first] ?? '', observation) };
}

function plannedRestart(containers: true | readonly string[], observation: Observation): PlannedChange {
  if (containers !== true) requireContainers('change.restart', containers, observation);
  const to = restartImages(containers, observation);
  const from = Object.fromEntries(Object.keys(to).map((name) => [name, observation.templateImages[name] ?? '']));
  const [first = ''] = Object.values(from);
  const version = versionOf(first, observation);
  return { from, to, version, fromVersion: version, restart: true };
}

/** Tags that say the same tell nothing: then the digests are added. */
function versions(from: string, to: string, observation: Observation): Pick<PlannedChange, 'version' | 'fromVersion'> {
  const [version, fromVersion] = [versionOf(to, observation), versionOf(from, observation)];
  if (version !== fromVersion) return { version, fromVersion };
  return { version: withDigest(version, to), fromVersion: withDigest(fromVersion, from) };
}

function withDigest(version: string, image: string): string {
  const digest = image.split('@')[1];
  return digest === undefined || version === shortDigest(digest) ? version : `${version}@${shortDigest(digest)}`;
}

function requireContainers(
  field: string,
  containers: readonly string[],
  { target, templateImages }: Observation,
): void {
  const unknown = containers.filter((container) => !Object.hasOwn(templateImages, container));
  if (unknown.length === 0) return;
  const there = Object.keys(templateImages);
  throw new SluiceError(
    'CONTAINER_NOT_FOUND',
    `${field}: ${workloadName(target)} has no container ${unknown.join(', ')}; it has ${there.join(', ')}.`,
    { details: { field, unknown, there } },
  );
}

function unchanged(images: Images, { target, findings }: Observation): SluiceError {
  const entries = Object.entries(images);
  const list = entries.map(([container, image]) => `${container}=${image}`).join(', ');
  const tag = entries.find(([, image]) => !image.includes('@'));
  const moved =
    tag === undefined
      ? ''
      : ` If the tag was moved, name its digest: ${pinned(tag[1], findings.digests[tag[0]] ?? 'sha256:…')}`;
  return new SluiceError(
    'IMAGE_UNCHANGED',
    `Every pod of ${workloadName(target)}, and its template, has ${list} already.`,
    {
      next: `There is nothing to do.${moved}`,
      details: { images },
    },
  );
}
