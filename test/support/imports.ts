/** One import of a module, as it is written. */
export interface Import {
  readonly from: string;
  /** From 1. */
  readonly line: number;
  /**
   * `import type …` or `export type …`: gone at run time. With `verbatimModuleSyntax` an `import { type X }` is not: it
   * still loads the module.
   */
  readonly typeOnly: boolean;
  /** `import('…')` */
  readonly dynamic: boolean;
}

const statement =
  /^[ \t]*(?:import|export)\b(?<type>\s+type\b(?!\s*(?:,|from\b)))?(?:[^'";]*?\bfrom)?\s*(?<quote>['"])(?<from>[^'"\n]+)\k<quote>/gm;
const call = /(?<typeof>\btypeof\s+)?\bimport\(\s*(?<quote>['"])(?<from>[^'"\n]+)\k<quote>\s*\)/g;

/** The imports of a TypeScript file that biome has formatted. Comments do not count. */
export function importsOf(source: string): Import[] {
  const code = withoutComments(source);
  const lineOf = (index: number): number => code.slice(0, index).split('\n').length;
  return [
    ...[...code.matchAll(statement)].map(({ groups = {}, index }) => ({
      from: groups['from'] ?? '',
      line: lineOf(index),
      typeOnly: groups['type'] !== undefined,
      dynamic: false,
    })),
    ...[...code.matchAll(call)].map(({ groups = {}, index }) => ({
      from: groups['from'] ?? '',
      line: lineOf(index),
      typeOnly: groups['typeof'] !== undefined,
      dynamic: true,
    })),
  ];
}

/** Blanks, so that lines and columns stay. A `//` within quotes is no comment. */
function withoutComments(source: string): string {
  return source.replace(
    /('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (text, quoted: string | undefined) => quoted ?? text.replaceAll(/[^\n]/g, ' '),
  );
}
