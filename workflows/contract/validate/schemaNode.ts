/** The part of JSON Schema that zod writes for our spec: what may stand in one place of it. */
export interface SchemaNode {
  readonly type?: string;
  /** What may stand there, for people. */
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: string | number | boolean;
  readonly enum?: readonly (string | number)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  /** Of a mapping with free keys: what its values may be. */
  readonly additionalProperties?: boolean | SchemaNode;
  readonly propertyNames?: SchemaNode;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  /** Of a mapping: exactly one of these fields. */
  readonly oneOf?: readonly { readonly required: readonly string[] }[];
}

/** The node for `path` in `value`; of several alternatives the one that the value looks like. */
export function nodeAt(root: SchemaNode, path: readonly (string | number)[], value: unknown): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  let at: unknown = value;
  for (const part of path) {
    node = childOf(alternative(node, at, part), part);
    if (node === undefined) return undefined;
    at = typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[part] : undefined;
  }
  return node;
}

/** What may stand there, in words. */
export function expectation(node: SchemaNode): string {
  if (node.title !== undefined) return node.title;
  if (node.const !== undefined) return String(node.const);
  if (node.enum !== undefined) return listed(node.enum.map(String));
  if (node.anyOf !== undefined) return listed([...new Set(node.anyOf.map(expectation))]);
  switch (node.type) {
    case 'integer':
      return `a whole number${range(node.minimum, node.maximum)}`;
    case 'number':
      return `a number${range(node.minimum, node.maximum)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case 'object':
      return node.properties === undefined
        ? 'a mapping'
        : `a mapping with ${listed(Object.keys(node.properties), 'and')}`;
    case undefined:
    default:
      return 'text';
  }
}

/** `a, b or c` */
export function listed(words: readonly string[], last = 'or'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1) ?? ''}`;
}

function range(minimum: number | undefined, maximum: number | undefined): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  return minimum === undefined ? (maximum === undefined ? '' : ` of at most ${maximum}`) : ` of at least ${minimum}`;
}

function childOf(node: SchemaNode | undefined, part: string | number): SchemaNode | undefined {
  if (node === undefined) return undefined;
  if (typeof part === 'number') return node.items;
  const named =
    node.properties !== undefined && Object.hasOwn(node.properties, part) ? node.properties[part] : undefined;
  return named ?? (typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined);
}

function alternative(node: SchemaNode, value: unknown, part: string | number): SchemaNode | undefined {
  if (node.anyOf === undefined) return node;
  const type = Array.isArray(value) ? 'array' : 'object';
  const fitting = node.anyOf.filter((one) => one.type === type);
  return fitting.find((one) => childOf(one, part) !== undefined) ?? fitting[0];
}
