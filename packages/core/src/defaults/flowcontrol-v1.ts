import type { MutableJson } from '../kind-model.ts';
import { pointer, struct, type DefaultsByKind } from './access.ts';

const MATCHING_PRECEDENCE = 1000;
const CONCURRENCY_SHARES = 30;

/** @see kubernetes v1.36 pkg/apis/flowcontrol/v1/defaults.go */
export const defaults: DefaultsByKind = {
  FlowSchema(schema) {
    struct(schema, 'spec').matchingPrecedence ||= MATCHING_PRECEDENCE;
  },
  PriorityLevelConfiguration: setPriorityLevelDefaults,
};

function setPriorityLevelDefaults(configuration: MutableJson): void {
  const spec = struct(configuration, 'spec');
  const exempt = pointer(spec.exempt);
  if (exempt !== undefined) {
    exempt.nominalConcurrencyShares ??= 0;
    exempt.lendablePercent ??= 0;
  }
  const limited = pointer(spec.limited);
  if (limited === undefined) return;
  limited.nominalConcurrencyShares ??= CONCURRENCY_SHARES;
  limited.lendablePercent ??= 0;
  const queuing = pointer(struct(limited, 'limitResponse').queuing);
  if (queuing === undefined) return;
  queuing.handSize ||= 8;
  queuing.queues ||= 64;
  queuing.queueLengthLimit ||= 50;
}
