import type { NotifyTarget } from '../../workflows/contract/spec.ts';
import type { Notifier } from '../ports.ts';
import { webhookNotifier } from './webhook.ts';

/** The registry of notifiers: one entry for each key of the spec. */
export const createNotifier = (target: NotifyTarget, deps: { readonly signal: AbortSignal }): Notifier =>
  webhookNotifier(target.webhook, deps);
