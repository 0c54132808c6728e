import { changeText } from '../../../workflows/contract/changeText.ts';
import type { HistoryEntry } from '../../../workflows/contract/history.ts';
import { type Target, workloadName } from '../../../workflows/contract/names.ts';
import { humanDuration } from '../../../workflows/contract/quantity.ts';
import type { ReleaseRecord } from '../../../workflows/contract/record.ts';
import type { Said } from '../../../workflows/contract/status.ts';
import { outcome, tookOf } from './history.ts';
import type { Look } from './look.ts';
import { table } from './table.ts';
import { ends, harmlessDeep, padEnd, wrap } from './text.ts';
import { clock } from './time.ts';

/** One entry of the history in full: who, when, what, batches, gates, decisions. */
export function historyEntryLines(target: Target, given: HistoryEntry, look: Look): string[] {
  const { native, record, at } = harmlessDeep(given);
  const { colours, glyphs, width } = look;
  const where = [workloadName(target), target.namespace, target.cluster].join(` ${glyphs.dot} `);
  const revision = native?.revision ?? record?.revision;
  const kept = native === undefined ? ', not kept any more' : native.current ? ', the current one' : '';
  const images = Object.entries(native?.images ?? record?.to ?? {});
  const rows: [string, string][] = [
    ...(revision === undefined ? [] : [['revision', `${revision}${kept}`] satisfies [string, string]]),
    ...(record === undefined ? [] : facts(record, look)),
    ...(record === undefined && at !== undefined ? [['made', at] satisfies [string, string]] : []),
    ...(native?.cause === undefined ? [] : [['cause', native.cause] satisfies [string, string]]),
    ...images.map(([container, image]): [string, string] => ['image', imageText(container, image, record, look)]),
    ...(native?.differs === undefined ? [] : [['differs', native.differs] satisfies [string, string]]),
  ];
  const title = record === undefined ? `revision ${revision}` : `${record.app}  ${changeText(record, glyphs.arrow)}`;
  return [
    ends(` ${colours.bold(title)}`, colours.dim(where), width),
    '',
    ...rows.flatMap(([key, value]) => keyed(key, value, look)),
    ...(record === undefined ? [] : [...batches(record, look), ...gates(record, look), ...decisions(record, look)]),
  ];
}

function facts(record: ReleaseRecord, look: Look): [string, string][] {
  const { initiator, reason, startedAt, text, failure, notUndone, supersedes } = record;
  return [
    ['outcome', `${outcome(record, look)}: ${text}`],
    ...(failure === undefined ? [] : [['failure', `${failure.code}: ${failure.text}`] satisfies [string, string]]),
    ...notUndone.map((left): [string, string] => ['not undone', `${left.text} ${left.next}`]),
    ['by', reason === undefined ? initiator : `${initiator}: ${reason}`],
    ...(supersedes === undefined
      ? []
      : [['instead of', `${supersedes.version}, run ${supersedes.run}`] satisfies [string, string]]),
    ['started', `${startedAt}, took ${tookOf(record)}`],
  ];
}

function imageText(container: string, image: string, record: ReleaseRecord | undefined, { glyphs }: Look): string {
  const from = record?.from[container];
  return from === undefined ? `${container}: ${image}` : `${container}: ${from} ${glyphs.arrow} ${image}`;
}

function batches({ batches: all }: ReleaseRecord, look: Look): string[] {
  const rows = all.map(({ name, state, pods, failed, seconds }) => [
    name,
    String(pods),
    String(failed),
    seconds === undefined ? '' : humanDuration(seconds * 1000),
    state,
  ]);
  return section(['BATCH', 'PODS', 'FAILED', 'TOOK', 'STATE'], rows, look);
}

function gates({ gates: all }: ReleaseRecord, look: Look): string[] {
  const rows = all.map(({ id, openedAt, passedAt, waitedMs, approvals }) => [
    id,
    clock(openedAt),
    humanDuration(waitedMs.bake),
    humanDuration(waitedMs.approval),
    approvals.map(who).join(', '),
    passedAt === undefined ? 'ended here' : 'passed',
  ]);
  return section(['GATE', 'OPENED', 'BAKED', 'WAITED', 'APPROVED BY', ''], rows, look);
}

function decisions({ decisions: all, rollback }: ReleaseRecord, look: Look): string[] {
  const said = all.map((one) => [clock(one.at), one.message, who(one), one.reason ?? '']);
  // Asked for by a failure, not by a message.
  const own = rollback !== undefined && !all.some(({ at, by }) => at === rollback.at && by === rollback.by);
  const rows = own ? [...said, [clock(rollback.at), 'rollback', rollback.by, rollback.reason ?? '']] : said;
  return section(['DECIDED', 'WHAT', 'BY', 'WHY'], rows, look);
}

const who = ({ by, verified }: Said): string => (verified ? by : `${by} (unverified)`);

function section(headers: readonly string[], rows: readonly (readonly string[])[], { colours }: Look): string[] {
  if (rows.length === 0) return [];
  const [head = '', ...lines] = table(headers, rows);
  return ['', ` ${colours.bold(head)}`, ...lines.map((line) => ` ${line}`)];
}

function keyed(key: string, value: string, { colours, width }: Look): string[] {
  return wrap(value, Math.max(30, width - 14)).map(
    (line, index) => ` ${colours.dim(padEnd(index === 0 ? key : '', 11))} ${line}`,
  );
}
