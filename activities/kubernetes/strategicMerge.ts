import { SluiceError } from '../../workflows/contract/errors.ts';
import type { PodTemplate } from './wire.ts';

/** By what items of a list in a pod template are told (k8s.io/api/core/v1, 0.34). Any other list is replaced as a whole. */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  volumes: 'name',
  imagePullSecrets: 'name',
  schedulingGates: 'name',
  resourceClaims: 'name',
  env: 'name',
  hostAliases: 'ip',
  topologySpreadConstraints: 'topologyKey',
  ports: 'containerPort',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
};

type Fields = Readonly<Record<string, unknown>>;

/**
 * `template` after a strategic merge patch, as the API server does it (k8s.io/apimachinery, strategicpatch): for custom resources,
 * for which it does not. Of the directives `$patch` and `$retainKeys` are known. @throws PATCH_REFUSED
 */
export const strategicMerge = (template: PodTemplate, patch: object): PodTemplate =>
  mergeFields({ ...template }, { ...patch });

function mergeFields(into: Fields, patch: Fields): Fields {
  const { $patch: directive, $retainKeys: kept, ...changes } = patch;
  if (directive === 'replace') return changes;
  if (directive === 'delete') return {};
  if (directive !== undefined) throw refused(`$patch: ${JSON.stringify(directive)} is unknown`);
  const merged = Object.fromEntries(Object.entries(into).filter(([key]) => !Array.isArray(kept) || kept.includes(key)));
  for (const [key, change] of Object.entries(changes)) {
    if (key.startsWith('$')) throw refused(`${key} is unknown`);
    if (change === null) delete merged[key];
    else merged[key] = mergeValue(key, merged[key], change);
  }
  return merged;
}

function mergeValue(key: string, value: unknown, change: unknown): unknown {
  const by = mergeKeys[key];
  if (Array.isArray(change) && by !== undefined) return mergeItems(key, by, Array.isArray(value) ? value : [], change);
  return isFields(change) ? mergeFields(isFields(value) ? value : {}, change) : change;
}

function mergeItems(list: string, by: string, items: readonly unknown[], changes: readonly unknown[]): unknown[] {
  const patches = changes.filter(isFields);
  const plain = patches.filter(({ $patch }) => $patch === undefined);
  for (const patch of patches) {
    if (patch['$patch'] !== 'replace' && patch[by] === undefined) throw refused(`an item of ${list} has no ${by}`);
  }
  if (patches.some(({ $patch }) => $patch === 'replace')) return plain;
  const gone = new Set(patches.filter(({ $patch }) => $patch === 'delete').map((patch) => patch[by]));
  const there = items.filter(isFields).filter((item) => !gone.has(item[by]));
  const place = (item: Fields): number => there.findIndex((one) => one[by] === item[by]);
  const patched = plain.map((patch) => mergeFields(there[place(patch)] ?? {}, patch));
  const left = there.filter((item) => !plain.some((patch) => patch[by] === item[by]));
  // Those of the patch keep its order; another one comes before the first of them that was behind it.
  const merged: Fields[] = [];
  for (const item of patched) {
    while (left[0] !== undefined && place(item) > place(left[0])) merged.push(...left.splice(0, 1));
    merged.push(item);
  }
  return [...merged, ...left];
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const refused = (why: string): SluiceError => new SluiceError('PATCH_REFUSED', `The new template: ${why}.`);
