import { SluiceError } from '../errors.ts';
import { imageParts, shortDigest, tagOf } from '../imageName.ts';
import { kindOf } from '../kinds.ts';
import { workloadName } from '../names.ts';
import type { Images, Observation, ObservedPod } from '../observation.ts';

/** What a restart is planned from. */
export type Running = Pick<Observation, 'target' | 'templateImages' | 'revisionImages' | 'pods'> & {
  readonly findings: Pick<Observation['findings'], 'digests' | 'ownImages'>;
};

/**
 * The images that restart these containers (`true`: all of the template): the very ones that run now, in a spelling that
 * neither the template nor any pod has, as kubelet restarts a container whose image is spelled in another way. Every
 * spelling has the digest: only with it is it certain which image runs, see docs/decisions.md. Pure.
 * @throws RESTART_UNSAFE where the pods do not run one known image
 */
export function restartImages(containers: true | readonly string[], running: Running): Images {
  const { templateImages } = running;
  const names = containers === true ? Object.keys(templateImages) : containers;
  return Object.fromEntries(
    names.map((container) => [container, respelled(container, templateImages[container] ?? '', running)]),
  );
}

function respelled(container: string, image: string, running: Running): string {
  const digest = digestOf(container, image, running);
  const { name, tag } = imageParts(image);
  const taken = new Set([image, ...running.pods.map(({ images }) => images[container])]);
  const tagged = [tag, tagBefore(image, running.revisionImages)].filter((known) => known !== undefined);
  const free = [
    ...tagged.map((known) => `${name}:${known}@${digest}`),
    `${name}@${digest}`,
    `${name}:${ownTag(digest)}@${digest}`,
  ].find((spelling) => !taken.has(spelling));
  if (free !== undefined) return free;
  throw unsafe(container, `its template and its pods have ${image} in every spelling that there is`, running);
}

/** Beside a digest a tag decides nothing: where nobody knows one, it says the same. */
const ownTag = (digest: string): string => shortDigest(digest).replace(':', '-');

/** What to call the version of an image, also where a restart left its tag out. */
export function versionOf(image: string, { revisionImages }: Pick<Observation, 'revisionImages'>): string {
  const { tag, digest } = imageParts(image);
  const known = digest !== undefined && tag === ownTag(digest) ? undefined : tag;
  return known ?? tagBefore(image, revisionImages) ?? tagOf(image);
}

/** The tag that an image has in an earlier revision, where it is written without one. */
function tagBefore(image: string, revisionImages: readonly Images[]): string | undefined {
  const { name, tag, digest } = imageParts(image);
  if (digest === undefined) return tag === undefined ? 'latest' : undefined;
  return revisionImages
    .flatMap((images) => Object.values(images).map(imageParts))
    .filter((parts) => parts.name === name && parts.digest === digest && parts.tag !== ownTag(digest))
    .find((parts) => parts.tag !== undefined)?.tag;
}

/** The digest of the one image that the template means and every pod runs. @throws RESTART_UNSAFE */
function digestOf(container: string, image: string, running: Running): string {
  const written = imageParts(image).digest;
  const registered = running.findings.digests[container];
  const found = new Set(written === undefined ? [] : [written]);
  for (const pod of running.pods) {
    const is = digestIn(pod, container, image, running);
    if (is === 'unknown') {
      throw unsafe(
        container,
        `pod ${pod.name} runs ${pod.imageIDs[container]}, which names no digest of ${imageParts(image).name}`,
        running,
      );
    }
    if (is !== undefined) found.add(is);
  }
  const [digest, other] = found;
  if (other !== undefined) {
    const list = [...found].map(shortDigest).join(' and ');
    throw unsafe(container, `${image} is ${list} on different pods`, running);
  }
  // None has started: what the registry says is what they would run.
  const known = digest ?? registered;
  if (known !== undefined) return known;
  throw unsafe(container, `neither its pods nor the registry say which digest ${image} is`, running);
}

/** What runs in a pod for certain: what its spec pins, else what its node names. Undefined: it has not started. */
function digestIn(
  { images, imageIDs }: ObservedPod,
  container: string,
  image: string,
  { findings }: Running,
): string | undefined {
  const pin = imageParts(images[container] ?? '').digest;
  if (pin !== undefined) return pin;
  const id = imageIDs[container] ?? '';
  if (id === '') return undefined;
  const proven = findings.ownImages[id];
  if (proven !== undefined) return proven;
  const [repository = '', digest] = id.replace(/^[a-z-]+:\/\//, '').split('@');
  const { name } = imageParts(image);
  // The same digest under another name is the same image, if the registry has it under ours.
  const ours = repository === name || repository.endsWith(`/${name}`) || digest === findings.digests[container];
  return digest !== undefined && ours ? digest : 'unknown';
}

function unsafe(container: string, why: string, { target, templateImages }: Running): SluiceError {
  const name = workloadName(target);
  const image = templateImages[container] ?? '';
  const pin = `${container}=${image.split('@')[0]}@sha256:…`;
  return new SluiceError(
    'RESTART_UNSAFE',
    `A restart of container ${container} of ${name} could change which image runs: ${why}.`,
    {
      next: `Release the image you want by its digest (\`sluice release ${name} -n ${target.namespace} --image ${pin}\`), or ${kindOf(target).replacePods(`${name} -n ${target.namespace}`)}.`,
      details: { container, image },
    },
  );
}
