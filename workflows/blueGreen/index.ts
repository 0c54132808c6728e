import type { ModeCourse } from '../courses.ts';
import { compensateBlueGreen } from './compensate.ts';
import { blueGreenForward } from './forward.ts';
import { handOverBlueGreen } from './handOver.ts';

/** All pods of the new version beside the old, the switch of the Services, and a time to go back in one step. */
export const blueGreen: ModeCourse = {
  forward: blueGreenForward,
  compensate: compensateBlueGreen,
  handOver: handOverBlueGreen,
};
