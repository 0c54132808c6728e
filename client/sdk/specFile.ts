import type { DrainSpec } from '../../workflows/contract/drain/spec.schema.ts';
import { checkDrain } from '../../workflows/contract/drain/validate.schema.ts';
import { type Problem, problemError } from '../../workflows/contract/problem.ts';
import type { ScaleSpec } from '../../workflows/contract/scale/spec.schema.ts';
import { checkScale } from '../../workflows/contract/scale/validate.schema.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import { type Checked, checkSpec } from '../../workflows/contract/validate.schema.ts';
import { overriddenBy, type SpecOverride, withOverrides } from './spec/overrides.ts';
import { readYaml, type YamlText } from './spec/yamlText.ts';

/** Where a spec comes from: a document, what is set over it, or both. */
export interface SpecSource {
  readonly document?: {
    readonly text: string;
    /** What the text is called in errors: `release.yaml`. */
    readonly file: string;
  };
  /** Fields that are set over what the document says, such as flags. */
  readonly overrides?: readonly SpecOverride[];
  /** Fields that are set where nothing else sets them. */
  readonly defaults?: readonly SpecOverride[];
}

/**
 * A release spec from YAML or JSON, with its defaults filled in.
 * @throws SPEC_UNREADABLE or SPEC_INVALID with all problems at once: each with file, line and column
 *   (or the flag), field, what was found and what is allowed; see contract/problem.ts
 */
export const readSpec = (source: SpecSource): ReleaseSpec => readDocument(source, checkSpec, 'The release spec');

/** The same of a scale. */
export const readScaleSpec = (source: SpecSource): ScaleSpec => readDocument(source, checkScale, 'The scale spec');

/** The same of a drain. */
export const readDrainSpec = (source: SpecSource): DrainSpec => readDocument(source, checkDrain, 'The drain spec');

function readDocument<Spec>(
  { document, overrides = [], defaults = [] }: SpecSource,
  check: (value: unknown) => Checked<Spec>,
  origin: string,
): Spec {
  const yaml = document && readYaml(document.text, document.file);
  const value = withOverrides(yaml === undefined ? {} : yaml.value, overrides, defaults);
  const { spec, problems = [] } = check(value);
  const all = [
    ...(yaml?.problems ?? []),
    ...problems.map((problem) => located(problem, yaml, overrides, document?.file)),
  ];
  if (spec === undefined || all.length > 0) {
    const inOrder = all.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
    throw problemError(inOrder, document?.file ?? origin);
  }
  return spec;
}

/** {@link readSpec} of a text alone. */
export const parseSpec = (text: string, file: string): ReleaseSpec => readSpec({ document: { text, file } });

function located(
  problem: Problem,
  yaml: YamlText | undefined,
  overrides: readonly SpecOverride[],
  file: string | undefined,
): Problem {
  const flag = overriddenBy(problem.path, overrides, (path) => yaml?.has(path) ?? false);
  if (flag !== undefined) return { ...problem, where: flag };
  if (yaml === undefined || file === undefined) return problem;
  const { line, column, source } = yaml.place(problem.path, problem.at);
  return {
    ...problem,
    where: `${file}:${line}:${column}`,
    file,
    line,
    column,
    // As it stands there: 1.10, not the number 1.1.
    found: source !== undefined && problem.found === String(Number(source)) ? source : problem.found,
  };
}
