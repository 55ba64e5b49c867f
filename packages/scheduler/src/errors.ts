/**
 * The set of plugins is not one that a scheduler can be made of. Thrown when it is made, never later; retrying does not help.
 */
export class SchedulerConfigError extends Error {
  /** What is wrong, such as `plugins[3].name`. */
  readonly field: string;

  constructor(field: string, message: string) {
    super(`${field}: ${message}`);
    this.name = 'SchedulerConfigError';
    this.field = field;
  }
}
