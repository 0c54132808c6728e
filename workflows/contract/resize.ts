import { amountOf } from './amount.ts';

type Amounts = Readonly<Record<string, string>>;

/** What one container asks for and may have, as its spec writes it: `{ cpu: '250m' }`. */
export interface Resources {
  readonly requests?: Amounts;
  readonly limits?: Amounts;
}

/** By container. */
export type ContainerResources = Readonly<Record<string, Resources>>;

/** Resources that change in pods that live, where they are. Only containers that change. */
export interface PlannedResize {
  readonly from: ContainerResources;
  readonly to: ContainerResources;
  /** Containers that restart for it, as their resizePolicy says. */
  readonly restarts: readonly string[];
}

/** Whether a pod can be given its new resources while it lives, and if not why. */
export type ResizePreview = PlannedResize | { readonly impossible: string };

/** Whether all containers of `wanted` have just these resources, in whichever spelling. */
export const hasResources = (has: ContainerResources, wanted: ContainerResources): boolean =>
  Object.entries(wanted).every(([name, resources]) => sameResources(has[name], resources));

/** `1` and `1000m` are the same. */
export const sameResources = (a: Resources = {}, b: Resources = {}): boolean =>
  sameAmounts(a.requests, b.requests) && sameAmounts(a.limits, b.limits);

function sameAmounts(a: Amounts = {}, b: Amounts = {}): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => sameAmount(a[name], b[name]));
}

/** Rounded, as a sum of binary fractions never is what it should be. */
export function sameAmount(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  const [one, other] = [amountOf(a), amountOf(b)];
  return Math.abs(one - other) <= 1e-9 * Math.max(Math.abs(one), Math.abs(other));
}

/** For people, one entry a container: `app: requests.cpu 100m → 200m`. */
export const resizeLines = ({ from, to, restarts }: PlannedResize, arrow = '→'): readonly string[] =>
  Object.entries(to).map(([name, resources]) => {
    const before = amountsOf(from[name]);
    const changes = Object.entries(amountsOf(resources))
      .filter(([field, amount]) => !sameAmount(before[field], amount))
      .map(([field, amount]) => `${field} ${before[field] ?? 'none'} ${arrow} ${amount}`);
    return `${name}: ${changes.join(', ')}${restarts.includes(name) ? ', for which it restarts' : ''}`;
  });

/** By what kubectl calls them: `limits.memory`. */
export const amountsOf = ({ requests = {}, limits = {} }: Resources = {}): Amounts =>
  Object.fromEntries(
    Object.entries({ requests, limits }).flatMap(([kind, amounts]) =>
      Object.entries(amounts).map(([name, amount]) => [`${kind}.${name}`, amount]),
    ),
  );
