/**
 * Dynamic configuration of the Temporal server, here and in production (deploy/temporal/dynamic-config.yaml; a test holds
 * them together).
 *
 * The task queues of a shard read the database at most 20 times a second by default, which makes a chain of activities cost
 * 97 ms each; with these it is 21 ms (design §10).
 */
export const dynamicConfig: Readonly<Record<string, number>> = {
  'history.transferProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxPollRPS': 2000,
  'history.visibilityProcessorMaxPollRPS': 2000,
  // A worker that starts thousands of pods' activities is throttled by nothing else on one machine.
  'frontend.namespaceRPS': 20_000,
  'frontend.namespaceRPS.visibility': 1_000,
};
