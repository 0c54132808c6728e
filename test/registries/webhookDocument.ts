import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { Ajv2020 } from 'ajv/dist/2020.js';

/** Calls and answers against docs/webhook.openapi.json; what is wrong with them, or undefined. */
export interface Checked {
  wrongRequest(operation: string, headers: IncomingHttpHeaders, body: string): string | undefined;
  wrongAnswer(operation: string, status: number, body: object | string): string | undefined;
}

interface Content {
  readonly content: Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>>;
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly $ref: string }[];
  readonly requestBody: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

interface Parameter {
  readonly name: string;
  readonly schema: object;
}

export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, { readonly post: Operation }>>;
  readonly components: { readonly parameters: Readonly<Record<string, Parameter>> };
}

const base = 'document:';

export const openApi = (): OpenApi =>
  JSON.parse(readFileSync(new URL('../../docs/webhook.openapi.json', import.meta.url), 'utf8')) as OpenApi;

export function webhookDocument(document: OpenApi = openApi()): Checked {
  // The document is no schema itself, but its schemas refer to each other within it.
  const ajv = new Ajv2020({ allErrors: true, strict: true }).addVocabulary(Object.keys(document));
  ajv.addSchema({ ...document, $id: base });
  const against = ({ content }: Content, type: string, value: unknown): string | undefined => {
    const schema = content[type]?.schema;
    if (schema === undefined) return `no ${type} is expected`;
    const valid = ajv.compile(schema.$ref === undefined ? schema : { $ref: `${base}${schema.$ref}` });
    return valid(value) ? undefined : ajv.errorsText(valid.errors);
  };
  return {
    wrongRequest(operation, headers, body) {
      const found = document.paths[`/${operation}`]?.post;
      if (found === undefined) return `no operation ${operation}`;
      for (const { $ref } of found.parameters) {
        const { name, schema } = document.components.parameters[$ref.split('/').at(-1) ?? ''] ?? {
          name: $ref,
          schema: {},
        };
        if (!ajv.validate(schema, headers[name])) return `${name}: ${ajv.errorsText()}`;
      }
      return against(found.requestBody, headers['content-type'] ?? '', JSON.parse(body));
    },
    wrongAnswer(operation, status, body) {
      const found = document.paths[`/${operation}`]?.post.responses[status];
      if (found === undefined) return `${operation} does not answer ${status}`;
      return against(found, typeof body === 'string' ? 'text/plain' : 'application/json', body);
    },
  };
}
