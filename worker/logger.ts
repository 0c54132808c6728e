import { DefaultLogger, type LogEntry, type Logger } from '@temporalio/worker';
import pino from 'pino';
import type { WorkerConfig } from './config.ts';

/** Temporal's logger, written by pino as JSON lines on stderr, or handed to `config.log`. */
export function createLogger({ log, logLevel = 'info' }: Pick<WorkerConfig, 'log' | 'logLevel'>): Logger {
  const threshold = logLevel.toUpperCase() as Uppercase<typeof logLevel>;
  const write = log ?? pinoWriter(logLevel);
  return new DefaultLogger(threshold, ({ level, message, meta }: LogEntry) =>
    write({ level: level.toLowerCase(), message, fields: { ...meta } }),
  );
}

function pinoWriter(level: string): NonNullable<WorkerConfig['log']> {
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
  return ({ level: at, message, fields }) => {
    if (at === 'error') logger.error(fields, message);
    else if (at === 'warn') logger.warn(fields, message);
    else if (at === 'info') logger.info(fields, message);
    else logger.debug(fields, message);
  };
}
