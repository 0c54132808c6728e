import type { Pod } from './wire.ts';

/** Any object of the API. */
type Born = Pick<Pod, 'metadata'>;

/** When it was made, in ms since 1970; 0 where it does not say. */
export const bornAt = ({ metadata }: Born): number => Date.parse(metadata.creationTimestamp ?? '') || 0;

/** The oldest first; of one second by name. */
export const byBirth = (a: Born, b: Born): number =>
  bornAt(a) - bornAt(b) || (a.metadata.name < b.metadata.name ? -1 : 1);
