import type { ContainerResources, PlannedResize, ResizePreview, Resources } from '../../workflows/contract/resize.ts';
import { amountsOf, sameAmount, sameResources } from '../../workflows/contract/resize.ts';
import { differences } from './templates.ts';
import type { Pod, PodTemplate } from './wire.ts';

type Container = Pod['spec']['containers'][number];

/** What its containers ask for and may have, sidecars among the init containers too, which run as long as the others. */
export const resourcesOf = ({ spec }: Pod): ContainerResources =>
  Object.fromEntries(lasting(spec).map((container) => [container.name, ownResources(container)]));

const lasting = ({ containers, initContainers = [] }: Pick<Pod['spec'], 'containers' | 'initContainers'>) => [
  ...containers,
  ...initContainers.filter(isSidecar),
];

/** Of an init container: whether it runs beside the others (KEP-753). */
const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === 'Always';

const ownResources = ({ resources: { requests = {}, limits = {} } = {} }: Pick<Container, 'resources'>): Resources => ({
  requests,
  limits,
});

/** What `pods/resize` can change. */
const resizable = new Set(['cpu', 'memory']);

/**
 * How containers get from the resources of one template to those of the other; undefined where the two differ in more, or
 * in none. Neither way may an amount be added or taken away: the API server lets no pod lose one, and each change must be
 * one that can be undone.
 */
export function resizeBetween(from: PodTemplate, to: PodTemplate): ResizePreview | undefined {
  if (differences(from, to).length === 0 || differences(withoutResources(from), withoutResources(to)).length > 0) {
    return undefined;
  }
  const init = changedInit(from, to);
  if (init !== undefined) return { impossible: init };
  const before = new Map(lastingIn(from).map((container) => [container.name, container]));
  const pairs = lastingIn(to).flatMap((container) => {
    const old = before.get(container.name);
    return old === undefined || differences(onlyOne(old), onlyOne(container)).length === 0 ? [] : [{ old, container }];
  });
  for (const { old, container } of pairs) {
    const why = impossible(old, container);
    if (why !== undefined) return { impossible: `${container.name}: ${why}` };
  }
  const changed = pairs.filter(({ old, container }) => !sameResources(ownResources(old), ownResources(container)));
  return {
    from: Object.fromEntries(changed.map(({ old }) => [old.name, ownResources(old)])),
    to: Object.fromEntries(changed.map(({ container }) => [container.name, ownResources(container)])),
    restarts: changed.filter(({ old, container }) => restarts(old, container)).map(({ container }) => container.name),
  } satisfies PlannedResize;
}

const lastingIn = ({ spec }: PodTemplate): readonly Container[] => (spec === undefined ? [] : lasting(spec));

const onlyOne = (container: Container): PodTemplate => ({ spec: { containers: [container] } });

function withoutResources(template: PodTemplate): PodTemplate {
  if (!template.spec) return template;
  const { containers, initContainers } = template.spec;
  const bare = (list: readonly Container[]) => list.map((container) => ({ ...container, resources: {} }));
  const init = initContainers && { initContainers: bare(initContainers) };
  return { ...template, spec: { ...template.spec, containers: bare(containers), ...init } };
}

/** Why resources of an init container do not change in pods that live; undefined where none change, but of sidecars. The two differ in nothing else. */
function changedInit(from: PodTemplate, to: PodTemplate): string | undefined {
  const before = new Map((from.spec?.initContainers ?? []).map((container) => [container.name, container]));
  for (const container of to.spec?.initContainers ?? []) {
    const old = before.get(container.name);
    if (isSidecar(container) || old === undefined) continue;
    if (differences(onlyOne(old), onlyOne(container)).length === 0) continue;
    return `${container.name} is an init container, and Kubernetes resizes none that has ended`;
  }
  return undefined;
}

function impossible(old: Container, container: Container): string | undefined {
  const [before, after] = [amountsOf(ownResources(old)), amountsOf(ownResources(container))];
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (sameAmount(before[field], after[field])) continue;
    if (!resizable.has(field.slice(field.indexOf('.') + 1))) return `${field} of a pod is fixed`;
    if (after[field] === undefined) return `${field} cannot be taken away`;
    if (before[field] === undefined) return `${field} is new, and a rollback could not take it away`;
  }
  const claims = ({ resources }: Container) => JSON.stringify(resources?.claims ?? []);
  return claims(old) === claims(container) ? undefined : 'resource claims of a pod are fixed';
}

/** Whether one of the resources that change says so in the container's resizePolicy. */
function restarts(old: Container, container: Container): boolean {
  const [before, after] = [amountsOf(ownResources(old)), amountsOf(ownResources(container))];
  return (container.resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === 'RestartContainer' &&
      ['requests', 'limits'].some(
        (kind) => !sameAmount(before[`${kind}.${resourceName}`], after[`${kind}.${resourceName}`]),
      ),
  );
}
