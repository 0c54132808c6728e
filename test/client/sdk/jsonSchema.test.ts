import { describe, expect, it } from 'vitest';
import { fieldsOf } from '../../../client/docs/fields.ts';
import { specJsonSchema } from '../../../client/sdk/jsonSchema.ts';
import { modes } from '../../../workflows/contract/spec.schema.ts';
import { nodeAt, type SchemaNode } from '../../../workflows/contract/validate/schemaNode.ts';

const schema = specJsonSchema();

describe('the JSON Schema', () => {
  it('is one that editors read: draft 7, defaults not required, unknown fields refused', () => {
    expect(schema).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: 'Sluice release',
      type: 'object',
      required: ['target', 'change'],
      additionalProperties: false,
    });
    expect(nodeAt(schema, ['strategy', 'mode'], {})).toMatchObject({
      default: 'InPlaceIfPossible',
      enum: [...modes],
    });
    expect(JSON.stringify(schema)).not.toContain(String(Number.MAX_SAFE_INTEGER));
  });

  it('explains every field', () => {
    const silent = fieldsOf(schema).filter(({ meaning }) => meaning === '');
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it('has patterns that editors can run', () => {
    const patterns: string[] = [];
    const walk = (node: SchemaNode & { readonly pattern?: string }): void => {
      if (node.pattern !== undefined) patterns.push(node.pattern);
      for (const child of Object.values(node))
        if (typeof child === 'object' && child !== null) walk(child as SchemaNode);
    };
    walk(schema);
    expect(patterns.length).toBeGreaterThan(10);
    for (const pattern of patterns) expect(() => new RegExp(pattern, 'u')).not.toThrow();
  });
});

describe('the list of fields', () => {
  const fields = new Map(fieldsOf(schema).map((field) => [field.name, field]));

  it.each([
    ['target.cluster', { needed: 'yes' }],
    ['strategy.gray.pods', { default: '1', needed: 'no' }],
    ['strategy.batches', { default: '{ count: 3 }' }],
    ['gates.afterGray.approval', { default: '{}' }],
    ['gates.afterBatch.approval', { default: 'false' }],
    ['gates.afterBatch.approval.required', { default: '1', type: 'a whole number from 1 to 20' }],
    ['traffic.through[].service', { needed: 'one of' }],
    ['checks[].http.path', { default: '/', needed: 'no' }],
    ['notify[].webhook.url', { needed: 'yes' }],
    ['onFailure', { default: 'Rollback', type: 'Rollback or Hold' }],
  ])('has %s', (name, expected) => {
    expect(fields.get(name)).toMatchObject(expected);
  });
});
