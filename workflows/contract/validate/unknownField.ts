import { closest } from '../closest.ts';
import { fieldName, type Problem } from '../problem.ts';
import { listed, nodeAt, type SchemaNode } from './schemaNode.ts';

/** A field that the schema does not know: what it may have meant, or where it belongs. */
export function unknownField(
  { value, schema }: { readonly value: unknown; readonly schema: SchemaNode },
  path: Problem['path'],
  key: string,
): Problem {
  const node = nodeAt(schema, path, value) ?? {};
  const names = (node.anyOf ?? [node]).flatMap(({ properties = {} }) => Object.keys(properties));
  const near = closest(key, names);
  const homes = near === undefined ? placesOf(schema, key) : [];
  const hint =
    near !== undefined
      ? `did you mean ${near}?`
      : homes.length === 1
        ? `it belongs in ${homes[0] === '' ? 'the document itself' : homes[0]}`
        : undefined;
  return {
    code: 'SPEC_INVALID',
    path: [...path, key],
    at: 'key',
    found: 'an unknown field',
    allowed: listed(names),
    ...(hint !== undefined && { hint }),
    ...(near !== undefined && { meant: near }),
  };
}

/** Names of the objects that have a field `key`. */
function placesOf(node: SchemaNode, key: string, path: Problem['path'] = []): string[] {
  const { properties = {} } = node;
  return [
    ...(Object.hasOwn(properties, key) ? [fieldName(path)] : []),
    ...Object.entries(properties).flatMap(([name, child]) => placesOf(child, key, [...path, name])),
  ];
}
