import { expect, it } from 'vitest';
import { importsOf } from './imports.ts';

const kinds = (source: string): string[] =>
  importsOf(source).map(({ from, line, typeOnly, dynamic }) =>
    [line, from, typeOnly ? 'type' : 'value', ...(dynamic ? ['dynamic'] : [])].join(' '),
  );

it.each<[string, string[]]>([
  [`import { a } from './a.ts';`, ['1 ./a.ts value']],
  [`import type { A } from './a.ts';`, ['1 ./a.ts type']],
  [`import { type A } from './a.ts';`, ['1 ./a.ts value']],
  [`import a, { type B } from "a";`, ['1 a value']],
  [`import type from './a.ts';`, ['1 ./a.ts value']],
  [`import * as a from 'a';\nimport 'b';`, ['1 a value', '2 b value']],
  [
    `import {\n  a,\n  type B,\n} from './a.ts';\nimport type {\n  C,\n} from './c.ts';`,
    ['1 ./a.ts value', '5 ./c.ts type'],
  ],
  [
    `export { a } from './a.ts';\nexport type { B } from './b.ts';\nexport * from './c.ts';`,
    ['1 ./a.ts value', '2 ./b.ts type', '3 ./c.ts value'],
  ],
  [`export const a = 1;\nexport type A = 'b';\nexport function from() {}`, []],
  [`const a = await import('./a.ts');`, ['1 ./a.ts value dynamic']],
  [`type A = typeof import('./a.ts');`, ['1 ./a.ts type dynamic']],
  [`// import './a.ts';\n/* import './b.ts';\n*/ import './c.ts';`, ['3 ./c.ts value']],
  [`const a = "// no comment"; import './a.ts';`, []],
  [`const url = 'http://a'; \nimport './a.ts';`, ['2 ./a.ts value']],
])('%j', (source, expected) => {
  expect(kinds(source)).toEqual(expected);
});
