import type { ReleaseRecord } from '../../workflows/contract/record.ts';

/** An object of Kubernetes may have 1 MiB (etcd: 1.5 MB a request); the rest of the ConfigMap needs some of it. */
const mostBytes = 900 * 1024;
const mostRecords = 100;

/** `records` with `record`, newest first, in place of what was known of the same run; as many as there may be. Pure. */
export function withRecord(records: readonly ReleaseRecord[], record: ReleaseRecord): readonly ReleaseRecord[] {
  const others = records.filter(({ run }) => run !== record.run);
  return [record, ...others]
    .toSorted((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt))
    .slice(0, mostRecords);
}

/**
 * The records as compact JSON, a line each; the oldest are left out where they are too many bytes. One that is too large
 * on its own is kept without its spec.
 */
export function recordsText(records: readonly ReleaseRecord[]): string {
  const lines: string[] = [];
  let bytes = 0;
  for (const record of records) {
    const line = lineOf(record);
    bytes += Buffer.byteLength(line) + 2;
    if (bytes > mostBytes) break;
    lines.push(line);
  }
  return `[${lines.join(',\n')}]`;
}

function lineOf(record: ReleaseRecord): string {
  const line = JSON.stringify(record);
  return Buffer.byteLength(line) < mostBytes / 4 ? line : JSON.stringify({ ...record, spec: null });
}

/** What {@link recordsText} wrote; what somebody has made unreadable counts as nothing. */
export function recordsIn(text: string | undefined): readonly ReleaseRecord[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.filter(isRecord) : [];
  } catch {
    return [];
  }
}

const isRecord = (value: unknown): value is ReleaseRecord =>
  isObject(value) &&
  ['run', 'startedAt', 'endedAt', 'phase'].every((key) => typeof value[key] === 'string') &&
  ['batches', 'gates', 'decisions', 'notUndone'].every((key) => Array.isArray(value[key])) &&
  ['from', 'to'].every((key) => isObject(value[key]));

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
