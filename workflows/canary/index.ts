import type { ModeCourse } from '../courses.ts';
import { compensateCanary } from './compensate.ts';
import { canaryForward } from './forward.ts';
import { handOverCanary } from './handOver.ts';

/** New pods beside the old step by step, and callers split between them. */
export const canary: ModeCourse = {
  forward: canaryForward,
  compensate: compensateCanary,
  handOver: handOverCanary,
};
