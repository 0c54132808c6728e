import type { z } from 'zod';
import { closest } from '../closest.ts';
import type { Problem } from '../problem.ts';
import { describeFound } from './found.ts';
import { expectation, listed, nodeAt, type SchemaNode } from './schemaNode.ts';
import { unknownField } from './unknownField.ts';

type Issue = z.core.$ZodIssue;
type Path = Problem['path'];

/** What was checked: its value and the schema it was checked against. */
export interface Checked {
  readonly value: unknown;
  readonly schema: SchemaNode;
}

/** One issue of zod in our words; one that stands for several (unknown keys, alternatives) as several. */
export function problemsOf(issue: Issue, checked: Checked, prefix: Path = []): Problem[] {
  const path: Path = [...prefix, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(checked, path, key));
  if (issue.code === 'invalid_union') return alternatives(issue, checked, path);
  if (issue.code === 'invalid_key') return [wrongKey(checked, path)];
  if (issue.code === 'custom') return [wrongRule(issue, checked, path)];
  return [wrongValue(checked, path)];
}

function wrongValue(checked: Checked, path: Path): Problem {
  const value = valueAt(checked.value, path);
  const node = nodeAt(checked.schema, path, checked.value) ?? {};
  const hint = hintFor(value, node);
  return {
    code: 'SPEC_INVALID',
    path,
    at: 'value',
    found: describeFound(value),
    allowed: allowedAt(node, value),
    ...(hint !== undefined && { hint }),
  };
}

function allowedAt(node: SchemaNode, value: unknown): string {
  const list = node.type === 'array' ? node : node.anyOf?.find(({ type }) => type === 'array');
  if (Array.isArray(value) && list !== undefined) {
    if (value.length < (list.minItems ?? 0)) return 'at least one entry';
    if (value.length > (list.maxItems ?? value.length)) return `at most ${list.maxItems} entries`;
  }
  return expectation(node);
}

function hintFor(value: unknown, node: SchemaNode): string | undefined {
  const kinds = (node.anyOf ?? [node]).map(({ type }) => type);
  if (typeof value === 'string') {
    if (/^\d+$/.test(value) && kinds.includes('integer')) return 'without quotes it is a number';
    const near = node.enum === undefined ? undefined : closest(value, node.enum.map(String));
    return near === undefined ? undefined : `did you mean ${near}?`;
  }
  if (typeof value === 'number' && kinds.every((kind) => kind === 'string') && node.enum === undefined) {
    return /duration/.test(node.title ?? '') ? `did you mean ${value}s?` : 'put it in quotes';
  }
  return undefined;
}

function wrongKey(checked: Checked, path: Path): Problem {
  const names = nodeAt(checked.schema, path.slice(0, -1), checked.value)?.propertyNames ?? {};
  return {
    code: 'SPEC_INVALID',
    path,
    at: 'key',
    found: `the key ${describeFound(String(path.at(-1)))}`,
    allowed: expectation(names),
  };
}

/** A rule of ours (`refine`): its message says what is allowed; see specRules.schema.ts. */
function wrongRule(issue: z.core.$ZodIssueCustom, checked: Checked, path: Path): Problem {
  const { found, hint } = (issue.params ?? {}) as { found?: string; hint?: string };
  const node = nodeAt(checked.schema, path, checked.value) ?? {};
  return {
    code: 'SPEC_INVALID',
    path,
    at: 'value',
    found: found ?? describeFound(valueAt(checked.value, path)),
    // zod's own words mean that the rule has none: the title of the field says it all.
    allowed: issue.message === 'Invalid input' ? expectation(node) : issue.message,
    ...(hint !== undefined && { hint }),
  };
}

/** Of several alternatives the problems of the one that was meant; where none can be told, all are named. */
function alternatives(issue: z.core.$ZodIssueInvalidUnion, checked: Checked, path: Path): Problem[] {
  const ofRightType = issue.errors.filter((issues) => !issues.some(isWrongType));
  const [first, ...others] = ofRightType;
  if (first === undefined) return [wrongValue(checked, path)];
  if (others.length === 0) return first.flatMap((inner) => problemsOf(inner, checked, path));
  return oneKey(ofRightType, checked, path);
}

const isWrongType = (issue: Issue): boolean =>
  issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');

/** Alternatives that are objects with one key each: `service: …`, `readinessGate: …`. */
function oneKey(branches: readonly (readonly Issue[])[], checked: Checked, path: Path): Problem[] {
  const node = nodeAt(checked.schema, path, checked.value);
  const names = (node?.anyOf ?? []).flatMap(({ properties = {} }) => Object.keys(properties));
  const keys = Object.keys(valueAt(checked.value, path) as object);
  const known = keys.filter((key) => names.includes(key));
  if (keys.length > 0 && known.length === 0) return keys.map((key) => unknownField(checked, path, key));
  if (known.length !== 1) {
    const found = known.length === 0 ? 'an empty mapping' : `${listed(known, 'and')} in one entry`;
    const hint = known.length === 0 ? undefined : 'write an entry for each';
    const allowed = `one of ${listed(names)}`;
    return [{ code: 'SPEC_INVALID', path, at: 'value', found, allowed, ...(hint !== undefined && { hint }) }];
  }
  const missesIt = (issues: readonly Issue[]): boolean =>
    issues.some((inner) => inner.code === 'unrecognized_keys' && inner.keys.includes(known[0] ?? ''));
  const meant = branches.find((issues) => !missesIt(issues)) ?? [];
  return meant.flatMap((inner) => problemsOf(inner, checked, path));
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<string | number, unknown>)[part];
  }
  return at;
}
