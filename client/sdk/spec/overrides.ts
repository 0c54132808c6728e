/** A field that is set from elsewhere than the document. */
export interface SpecOverride {
  readonly path: readonly string[];
  readonly value: unknown;
  /** A mapping that the document has there stays as it is. */
  readonly unlessMapping?: true;
  /** Where it comes from, for errors: `--gray`. */
  readonly from: string;
}

type Path = readonly (string | number)[];

/** `document` with `overrides` set, then `defaults` where nothing is. What is no mapping is left for the schema to judge. */
export function withOverrides(
  document: unknown,
  overrides: readonly SpecOverride[],
  defaults: readonly SpecOverride[],
): unknown {
  if (!isMapping(document)) return document;
  const copy = structuredClone(document);
  for (const { path, value, unlessMapping } of overrides) {
    setIn(copy, path, (now) => (unlessMapping === true && isMapping(now) ? now : structuredClone(value)));
  }
  for (const { path, value } of defaults) setIn(copy, path, (now) => now ?? value);
  return copy;
}

/**
 * The origin of what stands at `path`, where that is an override and not the document: one of this field or of what it
 * is part of, else one of a part of it which the document does not have.
 */
export function overriddenBy(
  path: Path,
  overrides: readonly SpecOverride[],
  isInDocument: (path: Path) => boolean,
): string | undefined {
  const over = overrides.findLast(
    (override) => startsWith(path, override.path) && !(override.unlessMapping === true && isInDocument(path)),
  );
  if (over !== undefined) return over.from;
  if (path.length === 0 || isInDocument(path)) return undefined;
  return overrides.findLast((override) => startsWith(override.path, path))?.from;
}

const startsWith = (path: Path, start: Path): boolean => start.every((part, index) => path[index] === part);

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function setIn(document: Record<string, unknown>, path: readonly string[], valueOver: (now: unknown) => unknown): void {
  let at = document;
  for (const key of path.slice(0, -1)) {
    const child = own(at, key) ?? {};
    if (!isMapping(child)) return;
    define(at, key, child);
    at = child;
  }
  const last = path.at(-1) ?? '';
  define(at, last, valueOver(own(at, last)));
}

const own = (mapping: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(mapping, key) ? mapping[key] : undefined;

/** Also for a key like `__proto__`, which an assignment would take for something else. */
function define(mapping: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(mapping, key, { value, writable: true, enumerable: true, configurable: true });
}
