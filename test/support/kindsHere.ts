import { inject } from 'vitest';
import type { KindName } from '../../workflows/contract/kinds.ts';

/** Those whose controllers are there; test/kwok/kinds/cloneset.test.ts says so where Kruise is not. */
export const kindsHere = <K extends KindName>(kinds: readonly K[]): readonly K[] =>
  kinds.filter((kind) => kind !== 'cloneset' || inject('kruise'));
