import { z } from 'zod';
import { durationPattern, percentagePattern } from './quantity.ts';

/** `250ms`, `30s`, `5m`, `24h`, `2d`, or several in descending order: `1h30m`. Read with `milliseconds()`. */
export const durationSchema = z
  .string()
  .regex(durationPattern)
  .meta({ title: 'a duration with a unit, such as 250ms, 30s, 5m, 24h or 1h30m' });

/** A duration that is not nothing. */
export const someTimeSchema = durationSchema
  .regex(/[1-9]/)
  .meta({ title: 'a duration longer than zero, such as 30s, 5m, 24h or 1h30m' });

const percentageSchema = z.string().regex(percentagePattern).meta({ title: 'a whole percentage from 1% to 100%' });

export const quantityTitle = 'a whole number of at least 1, or a percentage from 1% to 100%';

/** A count of pods (at least 1) or a percentage. Read with the functions of `quantity.ts`. */
export const quantitySchema = z.union([z.int().min(1), percentageSchema]).meta({ title: quantityTitle });

export type Duration = z.output<typeof durationSchema>;
export type Quantity = z.output<typeof quantitySchema>;
