import { log } from '@temporalio/workflow';
import type { Book } from './book.ts';
import { clusterActivities } from './clusterActivities.ts';
import type { ReleaseEvent } from './contract/activities/record.ts';

/** Tells whom the spec names. Never fails and never holds up a release. */
export async function announce(book: Book, kind: ReleaseEvent['kind']): Promise<void> {
  const { plan } = book.state;
  if (plan === undefined || plan.notify.length === 0) return;
  const { id, run, target } = book.identity;
  const { app, version, text } = book.status;
  const event: ReleaseEvent = { id, run, kind, app, version, text, at: book.now };
  try {
    await clusterActivities(target.cluster).waiting.notify.executeWithOptions(
      { summary: `tell: ${kind}`, scheduleToCloseTimeout: '30s' },
      [{ targets: plan.notify, event }],
    );
  } catch (error) {
    log.warn('Could not notify', { kind, error: String(error) });
  }
}
