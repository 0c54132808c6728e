import type { z } from 'zod';
import { reachMs } from './promql.ts';
import type { Duration, Quantity } from './quantity.schema.ts';
import { humanDuration, milliseconds } from './quantity.ts';
import type { SilenceSpec } from './silence.schema.ts';
import type { TemplatePatch } from './template.schema.ts';
import { patchedImages } from './templatePatch.ts';
import type { TrafficSource } from './traffic.schema.ts';
import { registryOf, sourceText } from './traffic.ts';

/**
 * Rules over several fields. An issue of theirs says as its message what is allowed, and in `params` what was found
 * and how to put it right, where the fields themselves do not say it.
 */

/** Percentages of batches are shares; levels, as other tools write them, would add up to more than the whole. */
export function sharesAddUp(
  batches: readonly (Quantity | { readonly pods?: Quantity | undefined })[],
  context: z.RefinementCtx,
): void {
  const shares = batches.map((entry) => (typeof entry === 'object' ? entry.pods : entry));
  const percentages = shares.flatMap((share) => (typeof share === 'string' ? [Number.parseInt(share, 10)] : []));
  const sum = percentages.reduce((total, percentage) => total + percentage, 0);
  if (sum <= 100) return;
  const hint = sharesOf(percentages);
  context.addIssue({
    code: 'custom',
    message: 'shares of the pods that remain after gray, each on its own (not cumulative), together at most 100%',
    params: {
      found: `${shares.filter((share) => share !== undefined).join(', ')}, together ${sum}%`,
      ...(hint !== undefined && { hint }),
    },
  });
}

/** Levels (20, 50, 100) as the shares that were meant. */
function sharesOf(levels: readonly number[]): string | undefined {
  const shares = levels.map((level, index) => level - (levels[index - 1] ?? 0));
  if (levels.at(-1) !== 100 || shares.some((share) => share <= 0)) return undefined;
  return `if these are levels, write [${shares.map((share) => `${share}%`).join(', ')}]`;
}

export function drainIsLongEnough(
  { quiet, maxDrain }: { readonly quiet: Duration; readonly maxDrain: Duration },
  context: z.RefinementCtx,
): void {
  if (milliseconds(maxDrain) >= milliseconds(quiet)) return;
  context.addIssue({ code: 'custom', path: ['maxDrain'], message: `at least traffic.quiet, which is ${quiet}` });
}

/** A query that reaches back further than the drain lasts would never be answered by what came after it. */
export function queryFits(
  {
    quiet,
    maxDrain,
    silence,
  }: { readonly quiet: Duration; readonly maxDrain: Duration; readonly silence?: SilenceSpec | undefined },
  context: z.RefinementCtx,
): void {
  if (silence === undefined || !('prometheus' in silence)) return;
  const needed = milliseconds(quiet) + (reachMs(silence.prometheus.query) ?? 0);
  if (milliseconds(maxDrain) >= needed) return;
  const message = `at least ${humanDuration(needed)}: traffic.quiet and how far back silence.prometheus.query reaches`;
  context.addIssue({ code: 'custom', path: ['maxDrain'], message, params: { found: maxDrain } });
}

/** A second drain of the same would find the first one's work, and put it back too early. */
export function eachSourceOnce(through: readonly TrafficSource[], context: z.RefinementCtx): void {
  const names = through.map(sourceText);
  for (const [index, source] of through.entries()) {
    const name = sourceText(source);
    if (registryOf(source) === undefined || names.indexOf(name) === index) continue;
    const params = { found: `${name}, as in traffic.through[${names.indexOf(name)}]` };
    context.addIssue({ code: 'custom', path: [index], message: 'each service of a registry once', params });
  }
}

/** Fewer approvers than approvals: a gate that never opens. */
export function approversSuffice(
  { required, from }: { readonly required: number; readonly from: readonly string[] },
  context: z.RefinementCtx,
): void {
  const names = new Set(from).size;
  if (names === 0 || names >= required) return;
  context.addIssue({
    code: 'custom',
    path: ['from'],
    message: `at least ${required} different names, as \`required\` says, or none: anybody`,
  });
}

interface Changed {
  readonly images?: Readonly<Record<string, string>>;
  readonly template?: TemplatePatch;
}

/** New versions and a restart are two releases, and a release of nothing is none. */
export function oneChange(change: object, context: z.RefinementCtx): void {
  const given = ['images', 'template', 'restart', 'revision', 'reload', 'hotSwap'].filter(
    (key) => key in change && change[key as keyof typeof change] !== undefined,
  );
  const { images = {}, template = {} } = change as Changed;
  const twice = Object.keys(patchedImages(template)).filter((container) => Object.hasOwn(images, container));
  for (const container of twice) {
    context.addIssue({
      code: 'custom',
      path: ['images', container],
      message: 'the image of a container in one place',
      params: { found: `one here, and one in change.template` },
    });
  }
  const alone = given.find((key) => key !== 'images' && key !== 'template');
  if (given.length > 0 && (given.length === 1 || alone === undefined)) return;
  context.addIssue({
    code: 'custom',
    path: alone === undefined ? [] : [alone],
    message: 'images, template or both; or restart, revision, reload or hotSwap alone',
    params: {
      found:
        given.length === 0 ? 'none of images, template, restart, revision, reload and hotSwap' : given.join(' and '),
    },
  });
}

interface Ordered {
  readonly images?: Readonly<Record<string, string>> | undefined;
  readonly restart?: true | readonly string[] | undefined;
  readonly reload?: object | undefined;
  readonly hotSwap?: object | undefined;
  readonly order?: readonly (string | readonly string[])[] | undefined;
}

/** Who has a place in the order changes, and has one place. Of a restart of all containers only the cluster knows who they are. */
export function orderFits({ images, restart, reload, hotSwap, order = [] }: Ordered, context: z.RefinementCtx): void {
  if (reload !== undefined || hotSwap !== undefined) {
    const why = reload === undefined ? 'a hot swap has an order of its own' : 'change.reload.containers are in order';
    const message = `left out: ${why}`;
    if (order.length > 0) context.addIssue({ code: 'custom', path: ['order'], message });
    return;
  }
  const named = restart === true ? undefined : (restart ?? Object.keys(images ?? {}));
  const field = restart === undefined ? 'change.images' : 'change.restart';
  const seen = new Set<string>();
  const judge = (container: string, path: (string | number)[]): void => {
    const issue = (message: string, found: string) =>
      context.addIssue({ code: 'custom', path, message, params: { found } });
    if (named !== undefined && !named.includes(container)) {
      issue(`containers of ${field}: ${named.join(', ')}`, `${JSON.stringify(container)}, which does not change`);
    } else if (seen.has(container)) issue('each container once', `${JSON.stringify(container)} once more`);
    seen.add(container);
  };
  for (const [index, entry] of order.entries()) {
    if (typeof entry === 'string') judge(entry, ['order', index]);
    else for (const [within, container] of entry.entries()) judge(container, ['order', index, within]);
  }
}

interface Moded {
  readonly change: { readonly reload?: object | undefined; readonly hotSwap?: object | undefined };
  readonly strategy: { readonly mode: string };
}

/** A reload and a hot swap go one way only, and that way carries nothing else. */
export function modeFits({ change, strategy: { mode } }: Moded, context: z.RefinementCtx): void {
  const issue = (message: string, found: string) =>
    context.addIssue({ code: 'custom', path: ['strategy', 'mode'], message, params: { found } });
  for (const [way, key] of [
    ['HotReload', 'reload'],
    ['HotSwap', 'hotSwap'],
  ] as const) {
    if (change[key] === undefined) {
      if (mode === way) issue(`${way} with \`change.${key}\`, which says how`, `${way} without it`);
    } else if (mode !== way && mode !== 'InPlaceIfPossible') {
      issue(`${way}, or left out: \`change.${key}\` goes no other way`, mode);
    }
  }
}

/** A newborn beside an old pod is one way in which pods are made anew. */
export function surgeFits(
  { mode, maxSurge }: { readonly mode: string; readonly maxSurge?: unknown },
  context: z.RefinementCtx,
): void {
  if (maxSurge === undefined || mode === 'Recreate' || mode === 'InPlaceIfPossible') return;
  context.addIssue({
    code: 'custom',
    path: ['maxSurge'],
    message: 'this with mode Recreate only, or with InPlaceIfPossible where that makes pods anew',
    params: { found: `it, with mode ${mode}` },
  });
}

/** Where new pods stand beside all old ones each step has its gate, and the time there. */
export function warmUpFits(
  { mode, warmUp }: { readonly mode: string; readonly warmUp?: unknown },
  context: z.RefinementCtx,
): void {
  if (warmUp === undefined || (mode !== 'BlueGreen' && mode !== 'Canary')) return;
  context.addIssue({
    code: 'custom',
    path: ['warmUp'],
    message: `a \`bake\` in \`gates\` instead: with mode ${mode} no pod waits for another`,
    params: { found: `it, with mode ${mode}` },
  });
}
