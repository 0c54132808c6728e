import { humanDuration } from '../../../workflows/contract/quantity.ts';

/** Time of day in the local time zone, `14:03:07`. */
export function clock(iso: string): string {
  const date = new Date(iso);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** From `iso` to `now` in whole seconds, `1m12s`; never negative, as clocks differ. */
export const since = (iso: string, now: number): string => wholeSeconds(now - Date.parse(iso));

/** From `now` to `iso`. */
export const until = (iso: string, now: number): string => wholeSeconds(Date.parse(iso) - now);

const wholeSeconds = (ms: number): string => humanDuration(Math.max(0, Math.round(ms / 1000) * 1000));

/** Age as kubectl prints it: the largest unit, two for short times: `42s`, `5m`, `3h`, `2d`. */
export function age(iso: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(iso)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
