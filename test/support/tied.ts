import type { Socket } from 'node:net';

/** Two ends of one connection through a server of ours: where one is gone the other goes, too. `open`: both, while they are there. */
export function tied(near: Socket, far: Socket, open: Set<Socket>): void {
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    open.add(one);
    // What ends with an error is closed next.
    one.on('error', () => undefined);
    one.on('close', () => {
      open.delete(one);
      other.destroy();
    });
  }
}
