import { z } from 'zod';

/** The Prometheus that a check or silence asks. */
export const prometheusServerSchema = z
  .url({ protocol: /^https?$/ })
  .describe('Address of the Prometheus server, as the worker reaches it.')
  .meta({ title: 'an http or https address' });
