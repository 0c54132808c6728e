import { z } from 'zod';

/** `250ms`, `30s`, `5m`, `24h`, `2d`, or several in descending order: `1h30m`. Read with `milliseconds()`. */
export const durationSchema = z
  .string()
  .regex(
    /^(?=\d)(\d+d)?(\d+h)?(\d+m(?!s))?(\d+s)?(\d+ms)?$/,
    'a duration with a unit, such as 250ms, 30s, 5m, 24h or 1h30m',
  );

export const percentageSchema = z.string().regex(/^([1-9]\d?|100)%$/, 'a whole percentage from 1% to 100%');

/** A count of pods (at least 1) or a percentage. Read with the functions of `quantity.ts`. */
export const quantitySchema = z.union([z.int().min(1), percentageSchema]);

export type Duration = z.output<typeof durationSchema>;
export type Quantity = z.output<typeof quantitySchema>;
