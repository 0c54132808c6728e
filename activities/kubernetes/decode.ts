/**
 * Parses what the API server sent. Its shape is that of the resource that was asked for: the server is trusted to
 * keep its own API, and checking thousands of pods field by field would cost more than all the rest.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the resource it asked for
export function decode<T>(json: string): T {
  const value: T = JSON.parse(json);
  return value;
}
