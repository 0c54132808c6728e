import { kindOf } from '../../../workflows/contract/kinds.ts';
import { workloadName } from '../../../workflows/contract/names.ts';
import type { Verified } from '../../sdk/verify.ts';
import type { Look } from './look.ts';
import { table } from './table.ts';
import { fit, harmlessDeep } from './text.ts';

/** The pods that do not run what they shall; one line where all do. */
export function verifyLines(given: Verified, look: Look, { wide = false }: { readonly wide?: boolean } = {}): string[] {
  const { target, version, by, behind } = harmlessDeep(given);
  const { colours, glyphs, width } = look;
  const name = workloadName(target);
  if (by === 'Template') {
    return [
      `${colours.green(glyphs.ok)} ${version} is the template of ${name}: ${kindOf(target).progress(`${name} -n ${target.namespace}`)} tells what its pods run.`,
    ];
  }
  if (behind.length === 0) return [`${colours.green(glyphs.ok)} Every pod of ${name} runs ${version}.`];
  const rows = behind.map((pod) => [pod.name, pod.node, pod.ready ? 'ready' : 'not ready']);
  const [head = '', ...lines] = table(['POD', 'NODE', 'NOW'], rows);
  return [colours.bold(head), ...lines].map((line) => (wide ? line : fit(line, width)));
}
