/**
 * What an instant query gave. `none`: no series, or NaN. `unusable`: not one number, and asking again will not help.
 * `error`: the server could not say.
 */
export type Answer =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'none' | 'unusable' | 'error'; readonly reason: string };

/** Reads the answer of Prometheus' HTTP API v1: `{status, data: {resultType, result}}` or `{status, error}`. */
export function readAnswer(statusCode: number, body: string): Answer {
  const parsed = parse(body);
  if (parsed === undefined) return { kind: 'error', reason: `HTTP ${statusCode}, not an answer of Prometheus` };
  if (field(parsed, 'status') !== 'success') {
    const error = field(parsed, 'error');
    return { kind: 'error', reason: typeof error === 'string' ? error.slice(0, 300) : `HTTP ${statusCode}` };
  }
  const data = field(parsed, 'data');
  const result = field(data, 'result');
  const type = field(data, 'resultType');
  if (type === 'scalar') return numberOf(result);
  if (type !== 'vector' || !Array.isArray(result)) {
    return { kind: 'unusable', reason: `the query gives a ${String(type)} instead of one number` };
  }
  if (result.length === 0) return { kind: 'none', reason: 'the query gives no series' };
  if (result.length > 1) {
    return {
      kind: 'unusable',
      reason: `the query gives ${result.length} series instead of one number; aggregate them`,
    };
  }
  return numberOf(field(result[0], 'value'));
}

/** `[time, "value"]`; the value is text such as `0.5`, `NaN`, `+Inf`. */
function numberOf(sample: unknown): Answer {
  const text: unknown = Array.isArray(sample) ? sample[1] : undefined;
  if (typeof text !== 'string' || text === '') return { kind: 'error', reason: 'a sample without a value' };
  const value = Number(text.replace(/^([+-]?)Inf$/, '$1Infinity'));
  return Number.isNaN(value) ? { kind: 'none', reason: text } : { kind: 'number', value };
}

function parse(body: string): unknown {
  try {
    const value: unknown = JSON.parse(body);
    return value;
  } catch {
    return undefined;
  }
}

const field = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && key in value ? Reflect.get(value, key) : undefined;
