import type { ContainerOrder } from '../plan.ts';
import type { ReleaseSpec } from '../spec.ts';

/**
 * The order that is asked for, of those containers that do change; the others of them come last, together. Undefined
 * where all go at once.
 */
export function containerOrder(
  asked: NonNullable<ReleaseSpec['change']['order']>,
  changed: readonly string[],
): ContainerOrder | undefined {
  const named = asked.map((entry) => [entry].flat());
  const groups = [...named, changed.filter((container) => !named.flat().includes(container))]
    .map((group) => group.filter((container) => changed.includes(container)))
    .filter((group) => group.length > 0);
  return groups.length > 1 ? groups : undefined;
}

/** For people: `proxy, then app and logger`. */
export const orderText = (order: ContainerOrder): string => order.map((group) => group.join(' and ')).join(', then ');
