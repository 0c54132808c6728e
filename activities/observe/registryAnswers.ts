import { SluiceError } from '../../workflows/contract/errors.ts';
import type { Findings, Images } from '../../workflows/contract/observation.ts';
import type { PodTemplate } from '../kubernetes/wire.ts';
import { type Resolved, resolveDigest } from '../registry/resolveDigest.ts';

/** By container what its registry says of an image. */
export type RegistryAnswers = Readonly<Record<string, Resolved>>;

/** Asks the registries for `images`; not where the pull policy is Never: there only the nodes count. */
export async function registryAnswers(
  { spec }: PodTemplate,
  images: Images,
  signal: AbortSignal,
): Promise<RegistryAnswers> {
  const answers = Object.entries(images).map(async ([name, image]): Promise<[string, Resolved]> => {
    const policy = spec?.containers.find((container) => container.name === name)?.imagePullPolicy;
    if (policy === 'Never') return [name, { silent: 'its imagePullPolicy is Never: only the nodes know' }];
    return [name, await resolveDigest(image, signal)];
  });
  return Object.fromEntries(await Promise.all(answers));
}

/** Whether one of these logs in to a registry; a pod has the secrets of its service account, too. */
export const logsIn = (found: readonly (Pick<PodTemplate, 'spec'> | undefined)[]): boolean =>
  found.some((one) => (one?.spec?.imagePullSecrets ?? []).length > 0);

/**
 * What the answers are worth where pods log in, and we do not: a registry may say of a private image that there is none. Only
 * that one is there, they prove.
 */
export const askedWithoutLogin = (answers: RegistryAnswers): RegistryAnswers =>
  Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => [
      name,
      'missing' in answer
        ? { silent: `${answer.missing}, it says to who asks without a login, and the pods have imagePullSecrets` }
        : answer,
    ]),
  );

/** @throws IMAGE_NOT_FOUND where a registry says that it has no such image */
export function requireThere(answers: RegistryAnswers, images: Images): void {
  for (const [name, answer] of Object.entries(answers)) {
    if (!('missing' in answer)) continue;
    throw new SluiceError('IMAGE_NOT_FOUND', `There is no ${images[name]} for container ${name}: ${answer.missing}.`);
  }
}

export const digestsIn = (answers: RegistryAnswers): Findings['digests'] =>
  Object.fromEntries(
    Object.entries(answers).flatMap(([name, answer]) => ('digest' in answer ? [[name, answer.digest]] : [])),
  );

export const silenceIn = (answers: RegistryAnswers): Findings['registrySilent'] =>
  Object.fromEntries(
    Object.entries(answers).flatMap(([name, answer]) => ('silent' in answer ? [[name, answer.silent]] : [])),
  );
