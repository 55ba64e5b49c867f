import type { LogFields, Logger } from '@kybern/core';
import { seededRandom } from '@kybern/core';
import { createManager, type ControllerDefinition, type ErrorContext, type Manager, type ManagerOptions } from '../src/index.ts';
import type { World } from './world.ts';

/** A manager under test. */
export interface RunningManager {
  readonly manager: Manager;
  readonly errors: { readonly error: Error; readonly context: ErrorContext }[];
  /** Log lines with their fields. */
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[];
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** Runs controllers in a world, through its faults, until the world ends or it is stopped. */
export function runManager(world: World, controllers: readonly ControllerDefinition[], options: Partial<ManagerOptions> = {}): RunningManager {
  const errors: RunningManager['errors'] = [];
  const lines: RunningManager['lines'] = [];
  const stop = new AbortController();
  world.stop.signal.addEventListener('abort', () => stop.abort(world.stop.signal.reason));
  const manager = createManager({
    client: world.faulty.client,
    controllers,
    clock: world.clock,
    random: seededRandom(7),
    logger: recorder(lines),
    onError: (error, context) => errors.push({ error, context }),
    ...options,
  });
  return { manager, errors, lines, stop, ended: manager.run(stop.signal) };
}

function recorder(lines: RunningManager['lines'], base: LogFields = {}): Logger {
  const log =
    (level: string) =>
    (message: string, fields: LogFields = {}): void =>
      void lines.push({ level, message, fields: { ...base, ...fields } });
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error'), with: (fields) => recorder(lines, { ...base, ...fields }) };
}
