import type { Plan } from '../plan.ts';

/** What blue/green does, beside what its plan shares with that of other modes. */
export interface PlannedBlueGreen {
  /** Services that are switched, in this order. */
  readonly services: readonly string[];
  /** Shows the new version before the switch. */
  readonly previewService?: string;
  /** So long the old version stays after the switch, ready to be switched back to. */
  readonly keepOldMs: number;
}

/** Whether new pods stand beside the old: nothing is out of service then. */
export const isBeside = ({ blueGreen, canary }: Pick<Plan, 'blueGreen' | 'canary'>): boolean =>
  blueGreen !== undefined || canary !== undefined;

export const defaultKeepOld = '10m';

/** The two groups of a plan, and the gates after the new pods and after the switch. */
export const groups = { green: 'green', blue: 'blue' } as const;
export const blueGreenGates = { green: 'before-switch', blue: 'after-switch' } as const;
