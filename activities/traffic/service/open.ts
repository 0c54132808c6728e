import { idOfHolder, marks } from '../../../workflows/contract/names.ts';
import { behind } from '../../kubernetes/controllers.ts';
import { undefinedIfMissing } from '../../kubernetes/kubernetesFailure.ts';
import { services } from '../../kubernetes/resources.ts';
import type { Pod, Service } from '../../kubernetes/wire.ts';
import type { TrafficDeps } from '../../ports.ts';
import { until } from '../../until.ts';
import type { EndpointWatches } from '../endpoints.ts';
import { labelUntilSeen } from './labels.ts';
import { isOpen, usableServices } from './usable.ts';

const patienceMs = 20_000;

/** Values of marks.serving as a label of the Service; the endpoint controller copies it to the EndpointSlices. */
const stage = { open: 'true', closing: 'closing' } as const;

/**
 * Makes the label decide who is in the Services: first every pod that will be born has it, then every pod, then the
 * Services ask for it. No endpoint goes at any moment. Each step looks whether it is done, so it can be run again
 * after a crash between any two writes. Pods that are drained already stay so.
 * @throws SERVICE_NOT_FOUND, SERVICE_UNUSABLE; CONFLICT while the controllers do not follow
 */
export async function openServices(
  deps: TrafficDeps,
  watches: EndpointWatches,
  names: readonly string[],
): Promise<void> {
  const kube = deps.kube.with(deps.signal);
  const found = await usableServices(kube, deps.held.target, names, deps.pods.all());
  const decided = found.some(isOpen);
  const { holder } = deps.held;
  const needs = ({ metadata: { labels, annotations } }: Pod): boolean => {
    const serving = labels?.[marks.serving];
    const by = annotations?.[marks.drained];
    // Out since a release that was terminated: nobody else will ever put it back.
    const left = by !== undefined && by !== holder && idOfHolder(by) === idOfHolder(holder);
    return serving !== 'true' && (left || !(decided && serving === 'false'));
  };
  const besides = await deps.workload.labelBirths(deps.held, { [marks.serving]: 'true' });
  await labelUntilSeen(deps, 'true', needs, besides);
  for (const service of found) await write(deps, service, 'true', stage.open);
  await followed(deps, watches, names, stage.open);
}

/**
 * Takes everything of {@link openServices} away, the selector first: from then on the Services have all pods again,
 * also those that are still drained. The labels go when the endpoint controller is seen to work by the new selector:
 * before, a pod without the label would lose its endpoint. Services that are gone are no hindrance.
 */
export async function closeServices(
  deps: TrafficDeps,
  watches: EndpointWatches,
  names: readonly string[],
): Promise<void> {
  const kube = deps.kube.with(deps.signal);
  const { namespace } = deps.held.target;
  const found = await Promise.all(names.map((name) => kube.find(services, { namespace, name })));
  const there = found.filter((service) => service !== undefined);
  const carries = ({ metadata: { labels, annotations } }: Pod): boolean =>
    labels?.[marks.serving] !== undefined || annotations?.[marks.drained] !== undefined;
  const touched = there.some(hasMark) || deps.pods.all().some(carries);
  const mark = async (label: string | null): Promise<void> => {
    if (!touched) return;
    for (const service of there) await write(deps, service, null, label).catch(undefinedIfMissing);
  };
  await mark(stage.closing);
  const own = there.map(({ metadata }) => metadata.name);
  if (touched) await followed(deps, watches, own, stage.closing);
  // What cannot be undone on the workload must not keep the labels of the pods from being undone.
  const births = await deps.workload.labelBirths(deps.held, { [marks.serving]: null }).then(
    (besides) => ({ besides }),
    (error: unknown) => ({ error }),
  );
  await labelUntilSeen(deps, null, carries, 'besides' in births ? births.besides : {});
  await mark(null);
  if ('error' in births) throw births.error;
}

const hasMark = ({ metadata, spec }: Service): boolean =>
  metadata.labels?.[marks.serving] !== undefined || spec.selector?.[marks.serving] !== undefined;

/** One write: the key in the selector, and the label that shows who has seen it. */
async function write(
  deps: TrafficDeps,
  service: Service,
  selector: 'true' | null,
  label: string | null,
): Promise<void> {
  const { name, labels } = service.metadata;
  const now = service.spec.selector?.[marks.serving] ?? null;
  if (now === selector && (labels?.[marks.serving] ?? null) === label && label !== null) return;
  await deps.kube.patch(
    services,
    { namespace: deps.held.target.namespace, name },
    { metadata: { labels: { [marks.serving]: label } }, spec: { selector: { [marks.serving]: selector } } },
    { as: 'merge' },
  );
}

/**
 * Waits until the endpoint controller is seen to work by the Services as they were written. One without any slice has
 * no endpoint that could be lost.
 */
async function followed(
  deps: TrafficDeps,
  watches: EndpointWatches,
  names: readonly string[],
  value: string,
): Promise<void> {
  await watches.use(deps.held.target.namespace, names, async (open) => {
    const late = (): readonly string[] =>
      [...open].filter(([, watch]) => [...watch.now().marks].some((mark) => mark !== value)).map(([name]) => name);
    if (await until(() => late().length === 0, patienceMs, deps.signal, [...open.values()])) return;
    throw behind(`the EndpointSlices do not follow the Service: ${late().join(', ')}`, patienceMs);
  });
}
