import type { FieldError, MutableJson } from '@kybern/core';
import { invalidValue } from './field-errors.ts';
import { NOT_NEGATIVE } from './formats.ts';

/** What the status of a kind of workload counts. */
export interface StatusCounts {
  /** Fields that cannot be negative. */
  readonly counts: readonly string[];
  /** Those of them that cannot be more than `status.replicas`. */
  readonly ofReplicas?: readonly string[];
  /** What more available than ready Pods are told; undefined: nothing. */
  readonly availableOfReady?: string;
}

/**
 * Makes the rule for updates of a workload's status: counts are not negative, no part is larger than the whole, and collisions are only counted up.
 *
 * @see kubernetes v1.36 pkg/apis/apps/validation/validation.go (ValidateDeploymentStatusUpdate and those of the other kinds)
 */
export function replicaStatusRule({ counts, ofReplicas = [], availableOfReady }: StatusCounts) {
  return (object: MutableJson, old: MutableJson, errors: FieldError[]): void => {
    const [status, before] = [statusOf(object), statusOf(old)];
    for (const name of counts) {
      const value = status[name];
      if (value !== undefined && value < 0) errors.push(invalidValue(`status.${name}`, value, NOT_NEGATIVE));
    }
    const { replicas = 0, readyReplicas = 0, availableReplicas = 0, collisionCount } = status;
    for (const name of ofReplicas) {
      const value = status[name] ?? 0;
      if (value > replicas) errors.push(invalidValue(`status.${name}`, value, 'cannot be greater than status.replicas'));
    }
    if (availableOfReady !== undefined && availableReplicas > readyReplicas)
      errors.push(invalidValue('status.availableReplicas', availableReplicas, availableOfReady));
    if (before['collisionCount'] !== undefined && (collisionCount ?? -1) < before['collisionCount'])
      errors.push(invalidValue('status.collisionCount', collisionCount ?? 0, 'cannot be decremented'));
  };
}

type Counts = Readonly<Record<string, number | undefined>>;
const NO_COUNTS: Counts = {};
const statusOf = (object: MutableJson): Counts => (object.status as Counts | undefined) ?? NO_COUNTS;
