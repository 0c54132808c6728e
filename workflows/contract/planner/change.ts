import { containerNotFound } from '../containerNotFound.ts';
import { SluiceError } from '../errors.ts';
import { plannedHotSwap } from '../hotSwap/planner.ts';
import { takerOf } from '../hotSwap/roles.ts';
import { pinned, shortDigest } from '../imageName.ts';
import { workloadName } from '../names.ts';
import type { Images, Observation } from '../observation.ts';
import type { PlannedChange, TemplateSource } from '../plan.ts';
import type { ReleaseSpec } from '../spec.ts';
import { patchedImages, templateMark, withImagesOf } from '../templatePatch.ts';
import { containerOrder } from './containerOrder.ts';
import { recreates, resizes } from './mode.ts';
import { plannedReload } from './reload.ts';
import { restartImages, versionOf } from './restart.ts';

/**
 * The images that change, pinned to their digests where those are known. A container that the template and every pod
 * run as it was written is left out, also where a digest is known: nobody asked for its restart.
 * @throws CONTAINER_NOT_FOUND, IMAGE_UNCHANGED, RELOAD_UNCHANGED, RESTART_UNSAFE, WORKLOAD_UNFIT (a pair for a hot swap that is none)
 */
export function plannedChange(spec: ReleaseSpec, observation: Observation): PlannedChange {
  const { change } = spec;
  if (change.reload !== undefined) {
    requireContainers('change.reload.containers', change.reload.containers ?? [], observation);
    return plannedReload(change.reload, observation);
  }
  if (change.hotSwap !== undefined) {
    requireContainers('change.hotSwap.containers', change.hotSwap.containers, observation);
    const planned = plannedHotSwap(change.hotSwap, change.pin, observation);
    const { from, hotSwap } = planned;
    return { ...planned, ...versions(from[takerOf(from, hotSwap)] ?? '', hotSwap.image, observation) };
  }
  const { restart, order: asked = [] } = change;
  for (const [index, entry] of asked.entries())
    requireContainers(`change.order[${index}]`, [entry].flat(), observation);
  if (restart !== undefined && restart !== true) requireContainers('change.restart', restart, observation);
  if (recreates(spec, observation)) return plannedTemplate(change, observation);
  const resize = resizes(spec, observation);
  const planned =
    resize !== undefined
      ? { ...plannedTemplate(change, observation), resize }
      : restart === undefined
        ? plannedImages(change, observation)
        : plannedRestart(restart, observation);
  const order = containerOrder(asked, Object.keys(planned.to));
  return { ...planned, ...(order !== undefined && { order }) };
}

/**
 * Images that are asked for, also within `change.template` or by an earlier revision, whose images are `revised`; of a
 * container that is not there yet nothing is known.
 */
export function askedImages(
  { images = {}, template = {}, revision }: ReleaseSpec['change'],
  there: Images,
  revised: Images = {},
): Images {
  const others = revision === undefined ? patchedImages(template) : revised;
  return { ...Object.fromEntries(Object.entries(others).filter(([name]) => Object.hasOwn(there, name))), ...images };
}

function plannedImages(change: ReleaseSpec['change'], observation: Observation): PlannedChange {
  const { from, to } = changedImages(change, observation);
  const [first] = Object.keys(to);
  if (first === undefined)
    throw unchanged(askedImages(change, observation.templateImages, observation.preview?.images), observation);
  return { from, to, ...versions(from[first] ?? '', to[first] ?? '', observation) };
}

function changedImages(change: ReleaseSpec['change'], observation: Observation): Pick<PlannedChange, 'from' | 'to'> {
  const { templateImages, findings } = observation;
  const asked = askedImages(change, templateImages, observation.preview?.images);
  requireContainers('change.images', Object.keys(asked), observation);
  const from: Record<string, string> = {};
  const to: Record<string, string> = {};
  for (const [container, written] of Object.entries(asked)) {
    const isPinned = change.pin === 'Digest' && change.revision === undefined;
    const wanted = isPinned ? pinned(written, findings.digests[container]) : written;
    const now = new Set([templateImages[container], ...observation.pods.map(({ images }) => images[container])]);
    if (now.size === 1 && (now.has(wanted) || now.has(written))) continue;
    from[container] = templateImages[container] ?? '';
    to[container] = wanted;
  }
  return { from, to };
}

/** More than images changes, or pods are made anew. A version that is no image is called by the image and a part of its mark: `v1+3f2a1c`. */
function plannedTemplate(change: ReleaseSpec['change'], observation: Observation): PlannedChange {
  const { preview, templateImages } = observation;
  const { from, to } = changedImages(change, observation);
  const [first] = Object.keys(to);
  if (preview === undefined || (first === undefined && preview.differs.length === 0)) {
    throw unchanged(askedImages(change, templateImages, preview?.images), observation);
  }
  const source = pinnedSource(preview.source, to, templateImages);
  const template = { from: preview.from, to: templateMark(preview.from, source), source, differs: preview.differs };
  if (first !== undefined) return { from, to, ...versions(from[first] ?? '', to[first] ?? '', observation), template };
  const fromVersion = versionOf(Object.values(templateImages)[0] ?? '', observation);
  if (change.restart !== undefined) return { from, to, version: fromVersion, fromVersion, restart: true, template };
  if (change.revision !== undefined) return { from, to, version: `revision ${change.revision}`, fromVersion, template };
  return { from, to, version: `${fromVersion}+${template.to.slice(0, 6)}`, fromVersion, template };
}

/** A patch with the images of the plan, and with those as they are that do not change. */
function pinnedSource(source: TemplateSource, to: Images, templateImages: Images): TemplateSource {
  if (!('patch' in source)) return source;
  const named = patchedImages(source.patch);
  const kept = Object.entries(templateImages).filter(([name]) => Object.hasOwn(named, name));
  return { patch: withImagesOf(source.patch, { ...Object.fromEntries(kept), ...to }) };
}

function plannedRestart(containers: true | readonly string[], observation: Observation): PlannedChange {
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
  throw containerNotFound(target, { field, unknown, there: Object.keys(templateImages) });
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
