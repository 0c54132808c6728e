import { isDeepStrictEqual } from 'node:util';
import type { HeldRequest } from '../../workflows/contract/activities/hold.ts';
import type { Split } from '../../workflows/contract/canary/plan.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { idOfHolder, marks } from '../../workflows/contract/names.ts';
import { holderOf, holdMarks, readBefore } from '../kubernetes/holder.ts';
import { ingressClasses, ingresses } from '../kubernetes/resources.ts';
import { retryConflicts } from '../kubernetes/retryConflicts.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Ingress } from '../kubernetes/wire.ts';
import {
  type CanaryIngress,
  canaryIngress,
  classAnnotation,
  isNginx,
  isNginxCanary,
  placesOf,
  sentBy,
  unfit,
} from './nginx.ts';
import type { Router, Sides } from './router.ts';
import { ownerOf } from './service.ts';
import { noneToSee, notFound } from './there.ts';

const kind = 'Ingress';
const { group } = ingresses;

/** What is kept on the Ingress that is made: beside which it stands, and who comes by it. */
interface Kept extends Pick<Sides, 'name' | 'service' | 'canary'> {
  readonly split: Split;
}

const stableAt = ({ namespace, name }: Sides) => ({ namespace, name });
/** The one that is made is called as the canary's Service: one release makes one. */
const canaryAt = ({ namespace, canary }: Sides) => ({ namespace, name: canary });

const changed = (name: string, what: string): SluiceError =>
  new SluiceError('WORKLOAD_CHANGED', `Somebody changed ${kind} ${name}: ${what}.`);

const keptOn = (ingress: Ingress): Kept | undefined => [readBefore(ingress)].find(isKept);

/** An Ingress of ingress-nginx, which is never written; a second one beside it says who comes to the new version. */
export const ingress: Router = {
  access: [
    ...['get', 'list', 'create', 'patch', 'delete'].map((verb) => ({ group, resource: ingresses.name, verb })),
    { group, resource: ingressClasses.name, verb: 'list', clusterWide: true },
  ],

  async inspect(kube, held, sides, splits) {
    const stable = await kube.find(ingresses, stableAt(sides));
    if (stable === undefined) throw await notFound(kube, kind, ingresses, sides);
    const { items } = await kube.list(ingresses, { namespace: sides.namespace });
    const there = items.find(({ metadata }) => metadata.name === sides.canary);
    const isLeft = there !== undefined && isOf(there, held);
    const others = isLeft ? items.filter((one) => one !== there) : items;
    const taken =
      there && !isLeft ? `needs the name ${sides.canary} for the one beside it, which another has` : undefined;
    const why = unfit(stable, others, sides, splits) ?? taken ?? (await otherClass(kube, stable));
    if (why !== undefined) throw new SluiceError('ROUTE_UNFIT', `${kind} ${sides.name} ${why}.`);
    // What a terminated release left is put back before anything else is written.
    if (isLeft) return;
    for (const split of splits) {
      await make(kube, held, sides, split, canaryIngress(stable, sides, split), true);
    }
  },

  split: (kube, held, sides, split, { first, force }) =>
    retryConflicts(async () => {
      const { stable, found, kept } = await look(kube, held, sides, force);
      const wanted = canaryIngress(stable, sides, split);
      if (found === undefined) {
        if (!first && !force) throw changed(sides.canary, 'it was deleted');
        await make(kube, held, sides, split, wanted);
      } else if (!kept || !isDeepStrictEqual(kept.split, split)) {
        await write(kube, found, sides, wanted, marksOf(held, sides, split));
      }
    }),

  async requireSplit(kube, held, sides, split) {
    const { found, kept } = await look(kube, held, sides);
    if (found === undefined) throw changed(sides.canary, 'it was deleted');
    if (!isDeepStrictEqual(kept?.split, split)) throw changed(sides.canary, 'it splits callers in another way');
  },

  /** Nobody reports what ingress-nginx has taken in. */
  lag: () => Promise.resolve(undefined),

  async reaches(kube, sides) {
    const found = await kube.find(ingresses, canaryAt(sides));
    return found !== undefined && reachesCanary(found, sides);
  },

  /** Nobody comes by it any more; it is there until `end`, as nginx takes in a weight faster than an Ingress that goes. */
  restore: (kube, held, sides) =>
    retryConflicts(async () => {
      const found = await kube.find(ingresses, canaryAt(sides));
      if (found === undefined || !reachesCanary(found, sides)) return 'exact';
      const isOurs = holderOf(found) === held.holder;
      const nobody = { ...canaryIngress(found, sides, { weight: 0 }), spec: found.spec };
      await write(kube, found, sides, nobody, isOurs ? marksOf(held, sides, { weight: 0 }) : {});
      return isOurs ? 'exact' : 'stripped';
    }),

  async left(kube, held) {
    const { namespace } = held.target;
    const { items } = await kube.list(ingresses, { namespace }).catch(noneToSee);
    return items.flatMap((one) => {
      const kept = keptOn(one);
      if (kept === undefined || holderOf(one) !== held.holder) return [];
      return [{ namespace, name: kept.name, service: kept.service, canary: kept.canary }];
    });
  },

  async end(kube, held, sides) {
    const found = await kube.find(ingresses, canaryAt(sides));
    if (found && holderOf(found) === held.holder) {
      await kube.remove(ingresses, canaryAt(sides), { uid: found.metadata.uid });
    }
  },
};

const marksOf = (held: HeldRequest, { name, service, canary }: Sides, split: Split) => ({
  ...holdMarks(held.holder, { name, service, canary, split } satisfies Kept),
  [marks.canary]: name,
});

async function make(
  kube: Connection,
  held: HeldRequest,
  sides: Sides,
  split: Split,
  { annotations, spec }: CanaryIngress,
  dryRun = false,
): Promise<void> {
  const { namespace } = sides;
  const metadata = {
    ...canaryAt(sides),
    annotations: { ...annotations, ...marksOf(held, sides, split) },
    ownerReferences: [ownerOf(held)],
  };
  const body = { apiVersion: `${group}/${ingresses.version}`, kind, metadata, spec };
  await kube.create(ingresses, body, { namespace }, { dryRun });
}

/** Fails with 409 if anything else changed it since it was read. */
async function write(
  kube: Connection,
  found: Ingress,
  sides: Sides,
  { annotations, spec }: CanaryIngress,
  more: object,
): Promise<void> {
  const { resourceVersion } = found.metadata;
  const metadata = { resourceVersion, annotations: { ...nulls(nginxOf(found)), ...annotations, ...more } };
  await kube.patch(
    ingresses,
    canaryAt(sides),
    { metadata, spec: { ...nulls(found.spec), ...spec } },
    { as: 'merge', strict: true },
  );
}

/** In a merge patch: that none of its fields is there any more. */
const nulls = (object: object) => Object.fromEntries(Object.keys(object).map((key) => [key, null]));

const nginxOf = ({ metadata }: Ingress): CanaryIngress['annotations'] =>
  Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([name]) => isNginx(name)));

const reachesCanary = (found: Ingress, { canary }: Sides): boolean => {
  const { weight, match } = sentBy(found);
  return placesOf(found, canary).length > 0 && (weight > 0 || match || !isNginxCanary(found));
};

const isOf = (found: Ingress, held: HeldRequest): boolean => {
  const holder = holderOf(found);
  return holder !== undefined && idOfHolder(holder) === idOfHolder(held.holder) && keptOn(found) !== undefined;
};

interface Seen {
  readonly stable: Ingress;
  readonly found?: Ingress;
  /** Undefined where it shall be written anew, whatever is there. */
  readonly kept?: Kept;
}

/** Both as they are. @throws WORKLOAD_CHANGED where they are not as this release made them, and not `force`; WORKLOAD_BUSY */
async function look(kube: Connection, held: HeldRequest, sides: Sides, force?: true): Promise<Seen> {
  const { name, service, canary } = sides;
  const stable = await kube.find(ingresses, stableAt(sides));
  if (stable === undefined) throw changed(name, 'it was deleted');
  if (placesOf(stable, service).length === 0) throw changed(name, `no path points to Service ${service} any more`);
  const found = await kube.find(ingresses, canaryAt(sides));
  if (found === undefined) return { stable };
  const holder = holderOf(found);
  if (holder !== undefined && holder !== held.holder) {
    throw new SluiceError('WORKLOAD_BUSY', `${kind} ${canary} is held by the release ${idOfHolder(holder)}.`);
  }
  if (force) return { stable, found };
  const kept = holder === undefined ? undefined : keptOn(found);
  if (kept === undefined) throw changed(canary, 'it is not marked as held by this release any more');
  const wanted = canaryIngress(stable, sides, kept.split);
  if (isDeepStrictEqual([found.spec, nginxOf(found)], [wanted.spec, wanted.annotations]))
    return { stable, found, kept };
  throw changed(canary, `it is not what this release made of ${kind} ${name}`);
}

/** Why another controller than ingress-nginx serves it, after its name: that would take a canary for one more Ingress like it. */
async function otherClass(kube: Connection, { metadata, spec }: Ingress): Promise<string | undefined> {
  const old = metadata.annotations?.[classAnnotation];
  const asked = spec.ingressClassName ?? old;
  if (asked === undefined) return 'names no IngressClass: whether ingress-nginx serves it cannot be known';
  const { items } = await kube.list(ingressClasses, {});
  const controller = items.find((one) => one.metadata.name === asked)?.spec?.controller;
  // By the annotation ingress-nginx goes without an IngressClass, too.
  if (controller === undefined && asked === old && asked === 'nginx') return undefined;
  if (controller !== undefined && /^k8s\.io\/([a-z0-9-]+-)?ingress-nginx$/.test(controller)) return undefined;
  const whose = controller === undefined ? 'is not there' : `is of ${controller}`;
  return `is not served by ingress-nginx: IngressClass ${asked} ${whose}`;
}

function isKept(value: unknown): value is Kept {
  return typeof value === 'object' && value !== null && 'name' in value && 'canary' in value && 'split' in value;
}
