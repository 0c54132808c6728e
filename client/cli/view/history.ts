import type { HistoryEntry } from '../../../workflows/contract/history.ts';
import { tagOf } from '../../../workflows/contract/imageName.ts';
import { workloadName } from '../../../workflows/contract/names.ts';
import { humanDuration } from '../../../workflows/contract/quantity.ts';
import type { GateRecord, ReleaseRecord } from '../../../workflows/contract/record.ts';
import type { History } from '../../sdk/history.ts';
import type { LiveStatus } from '../../sdk/status.ts';
import type { Look } from './look.ts';
import { phaseWord } from './states.ts';
import { table } from './table.ts';
import { ends, fit, harmlessDeep, wrap } from './text.ts';
import { age, since } from './time.ts';

/** A line for each revision and release, newest first; the running one on top, the current revision marked. */
export function historyLines(given: History, look: Look, { wide = false }: { readonly wide?: boolean } = {}): string[] {
  const { target, running, entries, withheld } = harmlessDeep(given);
  const { colours, glyphs, width } = look;
  const rows = [
    ...(running === undefined ? [] : [runningRow(running, look, wide)]),
    ...entries.map((entry) => row(entry, look, wide)),
  ];
  const headers = ['  REVISION', 'VERSION', 'AGE', 'TOOK', 'BY', 'OUTCOME', ...(wide ? ['RUN'] : []), 'GATES'];
  const [head = '', ...lines] = table(headers, rows);
  const where = [target.namespace, target.cluster].join(` ${glyphs.dot} `);
  return [
    ends(` ${colours.bold(workloadName(target))}`, colours.dim(where), width),
    '',
    ...[colours.bold(head), ...lines].map((line) => (wide ? line : fit(line, width))),
    ...(withheld === undefined
      ? []
      : wrap(`${glyphs.warn} The records of releases cannot be read: ${withheld}`, width)),
  ];
}

function runningRow(status: LiveStatus, look: Look, wide: boolean): string[] {
  const { colours, now } = look;
  const { startedAt, initiator, phase, waiting, run } = status;
  const waits = waiting?.for === 'approval' ? `${waiting.gate} waits for approval, ${since(waiting.since, now)}` : '';
  return [
    `${look.glyphs.spinner[0]}`,
    change(status, look),
    age(startedAt, now),
    since(startedAt, now),
    initiator,
    phaseWord(phase, look),
    ...(wide ? [run] : []),
    colours.yellow(waits),
  ];
}

function row({ native, record, at }: HistoryEntry, look: Look, wide: boolean): string[] {
  const { colours, glyphs, now } = look;
  const revision = native?.revision ?? record?.revision;
  const mark = native?.current === true ? colours.green(glyphs.now) : ' ';
  // A revision that is not kept any more: nothing to go back to.
  const number = revision === undefined ? '' : native === undefined ? colours.dim(`${revision}`) : `${revision}`;
  return [
    `${mark} ${number}`,
    record === undefined ? versionsOf(native?.images ?? {}) : change(record, look),
    at === undefined ? '' : age(at, now),
    record === undefined ? '' : tookOf(record),
    record?.initiator ?? '',
    record === undefined ? colours.dim('by others') : outcome(record, look),
    ...(wide ? [record?.run ?? ''] : []),
    record === undefined ? colours.dim(native?.cause ?? '') : story(record),
  ];
}

function change(
  { version, fromVersion, restart }: Pick<ReleaseRecord, 'version' | 'fromVersion' | 'restart'>,
  { colours, glyphs }: Look,
): string {
  if (restart === true) return `${colours.dim('restart of')} ${version}`;
  return fromVersion === '' ? version : `${colours.dim(`${fromVersion} ${glyphs.arrow}`)} ${version}`;
}

const versionsOf = (images: Readonly<Record<string, string>>): string =>
  [...new Set(Object.values(images).map(tagOf))].join(', ');

export const tookOf = ({ startedAt, endedAt }: ReleaseRecord): string => since(startedAt, Date.parse(endedAt));

export function outcome({ phase }: ReleaseRecord, look: Look): string {
  const { glyphs } = look;
  const glyph = phase === 'succeeded' ? glyphs.ok : phase === 'rolledBack' ? glyphs.pod.undone : glyphs.bad;
  return `${phaseWord(phase, look, glyph)} ${phaseWord(phase, look)}`;
}

/** What is worth knowing of it in a line: why it went back, else how long its gates waited for whom. */
function story({ reason, failure, rollback, gates, phase }: ReleaseRecord): string {
  const why =
    phase === 'succeeded'
      ? undefined
      : (failure?.text ?? (rollback && `${rollback.by}: ${rollback.reason ?? 'asked for it'}`));
  const waited = gates.flatMap((gate) => gateStory(gate) ?? []);
  return [...(reason === undefined ? [] : [reason]), ...(why === undefined ? [] : [why]), ...waited].join('; ');
}

function gateStory(gate: GateRecord): string | undefined {
  const { waitedMs, approvals, id } = gate;
  const parts = [
    ...(waitedMs.bake > 0 ? [`baked ${humanDuration(waitedMs.bake)}`] : []),
    ...(waitedMs.approval > 0 ? [`waited ${humanDuration(waitedMs.approval)}`] : []),
    ...(approvals.length > 0 ? [`approved by ${approvals.map(({ by }) => by).join(', ')}`] : []),
  ];
  return parts.length === 0 ? undefined : `${id} ${parts.join(', ')}`;
}
