import type { Images } from '../observation.ts';
import type { ScaleSpec } from './spec.schema.ts';

/** What a scale does, beside what its plan shares with that of a release. */
export interface PlannedScale {
  readonly from: number;
  readonly to: number;
  /** What the pods that come will run. */
  readonly images: Images;
  /** UIDs of pods so young that those that come may be of the same second; up only. */
  readonly youngest: readonly string[];
  /** Names of the HorizontalPodAutoscalers that are suspended meanwhile. */
  readonly scalers: readonly string[];
  /** What becomes of their bounds in the end. */
  readonly hpa: ScaleSpec['scale']['hpa'];
}

/** Pods come. */
export const goesUp = ({ from, to }: Pick<PlannedScale, 'from' | 'to'>): boolean => to > from;
