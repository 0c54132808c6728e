import { SluiceError } from './errors.ts';
import type { ObservedPod } from './observation.ts';
import type { PodSelect } from './spec.ts';

const aliases: Readonly<Record<string, string>> = { zone: 'topology.kubernetes.io/zone' };

/**
 * The pods that `select` means, in the order given.
 * @throws SluiceError SPEC_INVALID when a named pod is not there, or nothing is selected
 */
export function selected(pods: readonly ObservedPod[], select: PodSelect, field: string): ObservedPod[] {
  const { names, labels, nodes } = select;
  const missing = (names ?? []).filter((name) => !pods.some((pod) => pod.name === name));
  if (missing.length > 0) {
    const there = pods.slice(0, 10).map(({ name }) => name);
    throw new SluiceError(
      'SPEC_INVALID',
      `${field}.names: there is no pod ${missing.join(', ')} to upgrade. There are ${there.join(', ')}${pods.length > 10 ? ', …' : ''}.`,
    );
  }
  const found = pods.filter(
    (pod) =>
      (names === undefined || names.includes(pod.name)) &&
      carries(pod.labels, labels ?? {}) &&
      carries(
        pod.nodeLabels,
        Object.fromEntries(Object.entries(nodes ?? {}).map(([key, value]) => [aliases[key] ?? key, value])),
      ),
  );
  if (found.length === 0) {
    throw new SluiceError(
      'SPEC_INVALID',
      `${field} selects none of the ${pods.length} pods: found ${JSON.stringify(select)}.`,
      {
        next: 'Compare it with `kubectl get pods --show-labels` and `kubectl get nodes --show-labels`.',
      },
    );
  }
  return found;
}

const carries = (has: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([key, value]) => has[key] === value);
