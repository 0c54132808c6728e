import { SluiceError } from '../../workflows/contract/errors.ts';
import type { Target } from '../../workflows/contract/names.ts';
import type { Findings, Images } from '../../workflows/contract/observation.ts';
import { recordAccess } from '../history/store.ts';
import { autoscalers, budgets, services } from '../kubernetes/resources.ts';
import { selects } from '../kubernetes/selectors.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Service } from '../kubernetes/wire.ts';
import type { ObservedWorkload } from '../ports.ts';
import { resolveDigest } from '../registry/resolveDigest.ts';
import { isOpen, ownSelector } from '../traffic/service/usable.ts';
import { ownersOf } from './owners.ts';
import { probeSeconds } from './probeSeconds.ts';
import { missingAccess } from './requireAccess.ts';

/** What else is looked at before the plan. @throws IMAGE_NOT_FOUND where a registry says that it has no such image */
export async function findingsOf(
  kube: Connection,
  target: Target,
  workload: ObservedWorkload,
  images: Images,
  signal: AbortSignal,
): Promise<Omit<Findings, 'prePull'>> {
  const { namespace } = target;
  const labels = workload.template.metadata?.labels ?? {};
  const [scalers, disruption, endpoints, registry, unrecorded] = await Promise.all([
    kube.list(autoscalers, { namespace }),
    kube.list(budgets, { namespace }),
    kube.list(services, { namespace }),
    digestsOf(workload, images, signal),
    missingAccess(kube, namespace, recordAccess),
  ]);
  // A Service without a selector has endpoints that somebody else writes.
  const serving = endpoints.items.filter((service) => {
    const selector = ownSelector(service);
    return Object.keys(selector).length > 0 && selects({ matchLabels: selector }, labels);
  });
  return {
    ...registry,
    ...(unrecorded.length > 0 && { unrecorded }),
    autoscalers: scalers.items
      .filter(({ spec: { scaleTargetRef } }) => {
        return scaleTargetRef.kind.toLowerCase() === target.kind && scaleTargetRef.name === target.name;
      })
      .map(({ metadata }) => metadata.name),
    budgets: disruption.items
      .filter(({ spec: { selector } }) => selector && selects(selector, labels))
      .map(({ metadata, status }) => ({
        name: metadata.name,
        disruptionsAllowed: status?.disruptionsAllowed ?? 0,
      })),
    owners: ownersOf(workload.labels, workload.annotations),
    services: names(serving),
    openServices: names(serving.filter(isOpen)),
    probeSeconds: probeSeconds(workload.template),
  };
}

const names = (found: readonly Service[]): readonly string[] => found.map(({ metadata }) => metadata.name);

async function digestsOf(
  { template }: ObservedWorkload,
  images: Images,
  signal: AbortSignal,
): Promise<Pick<Findings, 'digests' | 'registrySilent'>> {
  const digests: Record<string, string> = {};
  const registrySilent: Record<string, string> = {};
  await Promise.all(
    Object.entries(images).map(async ([name, image]) => {
      if (template.spec?.containers.find((container) => container.name === name)?.imagePullPolicy === 'Never') {
        registrySilent[name] = 'its imagePullPolicy is Never: only the nodes know';
        return;
      }
      const resolved = await resolveDigest(image, signal);
      if ('missing' in resolved) {
        throw new SluiceError('IMAGE_NOT_FOUND', `There is no ${image} for container ${name}: ${resolved.missing}.`);
      }
      if ('digest' in resolved) digests[name] = resolved.digest;
      else registrySilent[name] = resolved.silent;
    }),
  );
  return { digests, registrySilent };
}
