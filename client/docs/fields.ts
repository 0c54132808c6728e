import { expectation, type SchemaNode } from '../../workflows/contract/validate/schemaNode.ts';

/** One line of the reference: a field of the spec. */
export interface Field {
  /** `traffic.through[].service`; `<key>` stands for a free key. */
  readonly name: string;
  readonly type: string;
  /** As one would write it; absent: there is none. */
  readonly default?: string;
  /** `one of`: of these siblings exactly one. */
  readonly needed: 'yes' | 'no' | 'one of';
  readonly meaning: string;
}

/** Every field below `node`, in the order of the schema, parents before their parts. */
export function fieldsOf(node: SchemaNode, name = '', isAlternative = false): Field[] {
  const { properties = {}, required = [], anyOf = [], oneOf = [] } = node;
  const rivals = oneOf.flatMap((one) => one.required);
  const alternatives = anyOf.filter((one) => one.properties !== undefined).length > 1;
  return [
    ...Object.entries(properties).flatMap(([key, child]) => {
      const path = name === '' ? key : `${name}.${key}`;
      return [fieldOf(path, child, neededAs(key, { required, rivals, isAlternative })), ...fieldsOf(child, path)];
    }),
    ...(node.items === undefined ? [] : fieldsOf(node.items, `${name}[]`)),
    ...anyOf.flatMap((one) => fieldsOf(one, name, alternatives)),
  ];
}

function neededAs(
  key: string,
  node: { readonly required: readonly string[]; readonly rivals: readonly string[]; readonly isAlternative: boolean },
): Field['needed'] {
  if (node.rivals.includes(key)) return 'one of';
  return !node.required.includes(key) ? 'no' : node.isAlternative ? 'one of' : 'yes';
}

function fieldOf(name: string, node: SchemaNode, needed: Field['needed']): Field {
  return {
    name,
    type: node.title === undefined && node.properties !== undefined ? 'a mapping' : expectation(node),
    // The default of a mapping is that of its parts.
    ...(node.default !== undefined && node.properties === undefined && { default: written(node.default) }),
    needed,
    meaning: node.description ?? '',
  };
}

/** As in YAML on one line. */
function written(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).map(([key, entry]) => `${key}: ${written(entry)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}
