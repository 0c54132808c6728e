import type { DrainSpec } from './drain/spec.schema.ts';
import type { ScaleSpec } from './scale/spec.schema.ts';
import type { ReleaseSpec } from './spec.schema.ts';

/** A document that a person writes, by its `kind`. */
export type AnySpec = ReleaseSpec | ScaleSpec | DrainSpec;
