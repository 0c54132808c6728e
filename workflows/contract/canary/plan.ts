import type { Quantity } from '../quantity.schema.ts';

/** What can stand in front of the Services. Adding one: its name here, a file in activities/canary/, its entry in routers.ts there. */
export const routerKinds = ['HTTPRoute', 'VirtualService', 'Ingress'] as const;
export type RouterKind = (typeof routerKinds)[number];
/** Those that are not written themselves: one more of their kind is made beside, called as the canary's Service. */
export const besideKinds: readonly RouterKind[] = ['Ingress'];

/** Callers that are known by something they send. */
export type Match =
  | { readonly header: { readonly name: string; readonly value: string } }
  | { readonly cookie: { readonly name: string; readonly value: string } };

/** Who is sent to the new version: so many in a hundred, and whoever matches. */
export interface Split {
  readonly weight: number;
  readonly match?: Match;
}

/** A route, and the two Services that callers are split between. */
export interface PlannedRoute {
  readonly kind: RouterKind;
  readonly name: string;
  /** The one that it points to. */
  readonly service: string;
  /** The one that is made for the new version, and goes with the release. */
  readonly canary: string;
}

export interface CanaryStep {
  /** How many pods of the new version there are from this step on. */
  readonly pods: Quantity;
  /** Only with a route. */
  readonly split?: Split;
  /** Somebody skipped it: its pods and callers come with a later one. */
  readonly skipped?: true;
}

/** What a canary does, beside what its plan shares with that of other modes. */
export interface PlannedCanary {
  /** Services that send callers to old or new pods, in this order. */
  readonly services: readonly string[];
  /** Without one the numbers of pods alone decide who is called. */
  readonly route?: PlannedRoute;
  /** The last one has all pods. */
  readonly steps: readonly CanaryStep[];
}

export const canaryStep = (index: number): string => `canary-${index + 1}`;

/** The last group of a plan: the old pods. */
export const oldGroup = 'old';

/** The gate before they go. */
export const switchGate = 'after-switch';

/** `5%`, `header x-canary: always`, `5% and cookie group=beta`. */
export function splitText({ weight, match }: Split): string {
  if (match === undefined) return `${weight}%`;
  const who =
    'header' in match
      ? `header ${match.header.name}: ${match.header.value}`
      : `cookie ${match.cookie.name}=${match.cookie.value}`;
  return weight === 0 ? who : `${weight}% and ${who}`;
}
