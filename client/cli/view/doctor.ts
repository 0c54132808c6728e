import type { DoctorReport } from '../../../local/doctor.ts';
import type { Look } from './look.ts';
import { fit, harmless, padEnd, wrap } from './text.ts';

type Finding = DoctorReport['findings'][number];

/** What was looked at, group by group; under each problem what to do about it. */
export function doctorLines(
  { findings, ok }: DoctorReport,
  look: Look,
  { wide = false }: { readonly wide?: boolean } = {},
): string[] {
  const { colours, glyphs } = look;
  const groups = [...new Set(findings.map(({ group }) => group))];
  const widest = Math.max(0, ...findings.map(({ name }) => name.length));
  const problems = findings.filter(({ state }) => state === 'problem').length;
  return [
    ...groups.flatMap((group) => [
      colours.bold(group),
      ...findings
        .filter((finding) => finding.group === group)
        .flatMap((finding) => findingLines(finding, widest, look, wide)),
      '',
    ]),
    ok
      ? `${colours.green(glyphs.ok)} Everything that is needed is here or can be had.`
      : `${colours.red(glyphs.bad)} ${problems === 1 ? 'One problem' : `${problems} problems`}; see above.`,
  ];
}

function findingLines(
  { name, state, detail, version, path, next }: Finding,
  widest: number,
  look: Look,
  wide: boolean,
): string[] {
  const { colours, glyphs, width } = look;
  const mark = { ok: colours.green(glyphs.ok), absent: colours.gray(glyphs.dot), problem: colours.red(glyphs.bad) }[
    state
  ];
  const facts = [
    ...(version === undefined ? [] : [version]),
    harmless(detail),
    ...(wide && path !== undefined ? [colours.dim(path)] : []),
  ].join('  ');
  const line = `  ${mark} ${padEnd(name, widest)}  ${facts}`;
  const advice = next === undefined || state === 'ok' ? [] : wrap(harmless(next), Math.max(30, width - 8));
  return [
    wide ? line : fit(line, width),
    ...advice.map(
      (text, index) =>
        `      ${index === 0 ? `${glyphs.arrow} ` : '  '}${state === 'problem' ? text : colours.dim(text)}`,
    ),
  ];
}
