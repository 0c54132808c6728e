import { z } from 'zod';
import { nameSchema } from '../name.schema.ts';

/** The Services that call old or new pods, in a mode that has both. `what` they do there. */
export const besideServices = (what: string) =>
  z
    .array(nameSchema)
    .min(1)
    .optional()
    .describe(`Services that ${what}. Default: those of traffic.through, else all that select the pods.`)
    .meta({ title: 'a list of names of Services' });
