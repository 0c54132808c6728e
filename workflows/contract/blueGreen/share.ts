import type { Quantity } from '../quantity.schema.ts';
import { share } from '../quantity.ts';

/** How many pods of the new version stand beside `replicas` of the old: all of them, or a share, which rounds up. */
export const greenOf = (replicas: number, asked: Quantity = '100%'): number =>
  Math.min(replicas, Math.ceil(share(asked, replicas)));
