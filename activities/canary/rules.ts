import { isDeepStrictEqual } from 'node:util';
import type { HeldRequest } from '../../workflows/contract/activities/hold.ts';
import type { RouterKind, Split } from '../../workflows/contract/canary/plan.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { idOfHolder } from '../../workflows/contract/names.ts';
import { holderOf, holdMarks, noMarks, readBefore } from '../kubernetes/holder.ts';
import type { Resource } from '../kubernetes/resources.ts';
import { retryConflicts } from '../kubernetes/retryConflicts.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Access } from '../ports.ts';
import type { Router, Sides } from './router.ts';
import { noneToSee, notFound, type Routing } from './there.ts';

/** A kind of route that is a list of rules. All functions are pure. */
export interface RuleKind<Route extends Routing, Rule> {
  readonly kind: RouterKind;
  readonly resource: Resource<Route>;
  readonly rulesOf: (route: Route) => readonly Rule[];
  /** The part of a patch that replaces them. */
  readonly patch: (rules: readonly Rule[]) => object;
  /** The same rules, so that callers are split. A weight of 0 without a match: as they are. */
  readonly split: (rules: readonly Rule[], sides: Sides, split: Split) => readonly Rule[];
  /** Without anything that sends callers to the new version. `before`: the rules from which weights come that were ours. */
  readonly strip: (rules: readonly Rule[], sides: Sides, before: readonly Rule[] | undefined) => readonly Rule[];
  /** Why these rules cannot be split in each of these ways, after the name of the route; undefined where they can. */
  readonly unfit: (rules: readonly Rule[], sides: Sides, splits: readonly Split[]) => string | undefined;
  /** See Router.lag. */
  readonly lag: (route: Route) => string | undefined;
  /** What else the API server knows that may speak against it. */
  readonly besides?: {
    readonly access: readonly Access[];
    readonly unfit: (kube: Connection, sides: Sides) => Promise<string | undefined>;
  };
}

/** What is kept on a route that is held: as it was, and how it is split now. */
interface Kept<Rule> extends Pick<Sides, 'service' | 'canary'> {
  readonly rules: readonly Rule[];
  readonly split: Split;
}

/**
 * A router whose route is a list of rules. Each write replaces them by what is made of those from before, and fails if anything
 * else changed the route since it was read: so what is there is ours if, and only if, it is what we would make of them now.
 */
export function ruleRouter<Route extends Routing, Rule>(of: RuleKind<Route, Rule>): Router {
  const { kind, resource } = of;
  const at = ({ namespace, name }: Sides) => ({ namespace, name });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `isKept` looks at what is not ours to know
  const keptOn = (route: Route) => [readBefore(route)].find(isKept) as Kept<Rule> | undefined;
  const isAsLeft = (route: Route, sides: Sides, kept: Kept<Rule>): boolean =>
    isDeepStrictEqual(of.rulesOf(route), of.split(kept.rules, sides, kept.split));
  const reachesCanary = (rules: readonly Rule[], sides: Sides): boolean =>
    !isDeepStrictEqual(of.strip(rules, sides, rules), rules);

  const write = (
    kube: Connection,
    sides: Sides,
    route: Route,
    annotations: object,
    rules: readonly Rule[],
    dryRun = false,
  ) =>
    kube.patch(
      resource,
      at(sides),
      { metadata: { resourceVersion: route.metadata.resourceVersion, annotations }, ...of.patch(rules) },
      { as: 'merge', strict: true, dryRun },
    );

  const changed = ({ name }: Sides, what: string): SluiceError =>
    new SluiceError('WORKLOAD_CHANGED', `Somebody changed ${kind} ${name}: ${what}.`);

  /** What it was before; undefined where it is not held. @throws WORKLOAD_CHANGED, WORKLOAD_BUSY */
  function keptBy(route: Route, held: HeldRequest, sides: Sides): Kept<Rule> | undefined {
    const holder = holderOf(route);
    if (holder !== undefined && holder !== held.holder) {
      throw new SluiceError('WORKLOAD_BUSY', `${kind} ${sides.name} is held by the release ${idOfHolder(holder)}.`);
    }
    const kept = keptOn(route);
    if (holder === undefined || kept === undefined) return undefined;
    if (isAsLeft(route, sides, kept)) return kept;
    throw changed(sides, 'its rules are not as this release left them');
  }

  return {
    access: [
      ...['get', 'patch'].map((verb) => ({ group: resource.group, resource: resource.name, verb })),
      ...(of.besides?.access ?? []),
    ],

    async inspect(kube, held, sides, splits) {
      const route = await kube.find(resource, at(sides));
      if (route === undefined) throw await notFound(kube, kind, resource, sides);
      const holder = holderOf(route);
      if (holder !== undefined && idOfHolder(holder) !== idOfHolder(held.holder)) {
        throw new SluiceError('ROUTE_UNFIT', `${kind} ${sides.name} is held by the release ${idOfHolder(holder)}.`);
      }
      // What a terminated release left is put back before anything else is written.
      const rules = keptOn(route)?.rules ?? of.rulesOf(route);
      const why =
        of.unfit(rules, sides, splits) ??
        (keptOn(route) ? undefined : notHeeded(of.lag(route))) ??
        (await of.besides?.unfit(kube, sides));
      if (why !== undefined) throw new SluiceError('ROUTE_UNFIT', `${kind} ${sides.name} ${why}.`);
      for (const split of splits) await write(kube, sides, route, {}, of.split(rules, sides, split), true);
    },

    split: (kube, held, sides, split, { first, force }) =>
      retryConflicts(async () => {
        const route = await kube.get(resource, at(sides));
        const kept = force ? keptOn(route) : keptBy(route, held, sides);
        const now = of.rulesOf(route);
        if (kept === undefined && !force && (!first || reachesCanary(now, sides))) {
          throw changed(sides, 'it is not marked as held by this release any more');
        }
        const rules = kept?.rules ?? of.strip(now, sides, undefined);
        const { service, canary } = sides;
        const wanted = of.split(rules, sides, split);
        if (kept && isDeepStrictEqual(kept.split, split) && isDeepStrictEqual(now, wanted)) return;
        await write(kube, sides, route, holdMarks(held.holder, { service, canary, rules, split }), wanted);
      }),

    async requireSplit(kube, held, sides, split) {
      const route = await kube.find(resource, at(sides));
      if (route === undefined) throw changed(sides, 'it was deleted');
      const kept = keptBy(route, held, sides);
      if (kept === undefined) throw changed(sides, 'it is not marked as held by this release any more');
      if (!isDeepStrictEqual(kept.split, split)) throw changed(sides, 'it splits callers in another way');
    },

    async reaches(kube, sides) {
      const route = await kube.find(resource, at(sides));
      return route !== undefined && reachesCanary(of.rulesOf(route), sides);
    },

    async lag(kube, sides) {
      const route = await kube.find(resource, at(sides));
      return route && of.lag(route);
    },

    restore: (kube, held, sides) =>
      retryConflicts(async () => {
        const route = await kube.find(resource, at(sides));
        if (route === undefined) return 'gone';
        const isOurs = holderOf(route) === held.holder;
        const kept = isOurs ? keptOn(route) : undefined;
        const now = of.rulesOf(route);
        if (!isOurs && !reachesCanary(now, sides)) return 'exact';
        const exact = kept !== undefined && isAsLeft(route, sides, kept);
        const rules = exact ? kept.rules : of.strip(now, sides, kept?.rules);
        await write(kube, sides, route, isOurs ? noMarks : {}, rules);
        return exact ? 'exact' : 'stripped';
      }),

    async left(kube, { target: { namespace }, holder }) {
      const { items } = await kube.list(resource, { namespace }).catch(noneToSee);
      return items.flatMap((route) => {
        const kept = keptOn(route);
        if (kept === undefined || holderOf(route) !== holder) return [];
        return [{ namespace, name: route.metadata.name, service: kept.service, canary: kept.canary }];
      });
    },
  };
}

const notHeeded = (lag: string | undefined): string | undefined =>
  lag === undefined ? undefined : `is not in force as it is: ${lag}`;

function isKept(value: unknown): value is Kept<unknown> {
  return (
    typeof value === 'object' && value !== null && 'rules' in value && Array.isArray(value.rules) && 'split' in value
  );
}
