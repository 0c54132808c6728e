import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../kwok/activities/fixtures.ts';
import type { RegistryUnderTest } from './conformance.ts';

export interface RestartableRegistry extends RegistryUnderTest {
  /** Kills the server and starts it again at the same address, with what it keeps. */
  restart(): Promise<void>;
}

/** A server as a process of ours that can be killed and started again. */
export class Restartable {
  readonly #spawn: () => ChildProcess;
  readonly #isUp: () => Promise<boolean>;
  #process: ChildProcess | undefined;

  /** `isUp`: whether it answers; may throw while it does not. */
  constructor(spawn: () => ChildProcess, isUp: () => Promise<boolean>) {
    this.#spawn = spawn;
    this.#isUp = isUp;
  }

  /** @throws when it ends before it is up */
  async start(timeoutMs = 60_000): Promise<void> {
    const started = this.#spawn();
    this.#process = started;
    let said = '';
    for (const stream of [started.stdout, started.stderr])
      stream?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4_000)));
    await eventually(async () => started.exitCode !== null || this.#isUp(), timeoutMs);
    if (started.exitCode !== null) throw new Error(`${started.spawnfile} ended with ${started.exitCode}: ${said}`);
  }

  /** SIGKILL: it keeps what it has written. */
  async end(): Promise<void> {
    const running = this.#process;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const exited = once(running, 'exit');
    running.kill('SIGKILL');
    await exited;
  }

  async restart(timeoutMs?: number): Promise<void> {
    await this.end();
    await this.start(timeoutMs);
  }
}
