import { ApiError, type StatusDetails } from '@kybern/core';
import type { CallVerb } from '@kybern/reconcile/testing';
import { isInScope, type CallFault, type FaultScope, type FaultSource, type ProcessCall } from './fault-source.ts';

const WRITES: readonly CallVerb[] = ['create', 'update', 'patch', 'apply', 'delete', 'deleteCollection', 'createSubresource'];

/** Whether a call may change something. */
export function isWrite({ verb, options }: Pick<ProcessCall, 'verb' | 'options'>): boolean {
  return WRITES.includes(verb) && options['dryRun'] !== true;
}

function callFaults(name: string, scope: FaultScope & { readonly usual: number }, faults: (call: ProcessCall) => readonly CallFault[]): FaultSource {
  return { name, chance: scope.chance ?? scope.usual, ofCall: (call) => (isInScope(scope, call.process) ? faults(call) : []) };
}

const LOST: readonly CallFault[] = [
  { name: 'answer lost', fault: { type: 'lose', error: new ApiError('Timeout', 'the connection broke before the answer came') } },
];

/** Writes that the server does, and whose answers never arrive: was it done? */
export function lostResponses(scope: FaultScope = {}): FaultSource {
  return callFaults('lost responses', { usual: 0.1, ...scope }, (call) => (isWrite(call) ? LOST : []));
}

const retryLater: StatusDetails = { retryAfterSeconds: 1 };
const REFUSALS: readonly CallFault[] = [
  { name: '429', fault: { type: 'fail', error: new ApiError('TooManyRequests', 'too many requests, please try again later', { details: retryLater }) } },
  { name: '503', fault: { type: 'fail', error: new ApiError('ServiceUnavailable', 'the server is currently unable to handle the request') } },
  { name: '500', fault: { type: 'fail', error: new ApiError('InternalError', 'an error on the server prevented the request from succeeding') } },
];

/** Requests that the server refuses with 429, 500 or 503 and does not do. Watches are refused too. */
export function failedRequests(scope: FaultScope = {}): FaultSource {
  return callFaults('failed requests', { usual: 0.06, ...scope }, () => REFUSALS);
}

const CONFLICT: readonly CallFault[] = [
  {
    name: '409',
    fault: { type: 'fail', error: new ApiError('Conflict', 'the object has been modified; please apply your changes to the latest version and try again') },
  },
];

/** Changes of objects that somebody else has just changed. */
export function conflicts(scope: FaultScope = {}): FaultSource {
  return callFaults('conflicts', { usual: 0.1, ...scope }, ({ verb }) => (verb === 'update' || verb === 'patch' ? CONFLICT : []));
}

const SLOW: readonly CallFault[] = [200, 2_000, 10_000].flatMap((ms) => [
  { name: `reaches the server ${String(ms)} ms late`, fault: { type: 'slow', beforeMs: ms } as const },
  { name: `answered ${String(ms)} ms late`, fault: { type: 'slow', afterMs: ms } as const },
]);

/** Requests that take their time, on the way there or back. */
export function slowRequests(scope: FaultScope = {}): FaultSource {
  return callFaults('slow requests', { usual: 0.08, ...scope }, ({ verb }) => (verb === 'watch' ? [] : SLOW));
}

const DUPLICATED: readonly CallFault[] = [{ name: 'every object twice', fault: { type: 'duplicate' } }];

/** Lists that have every object twice, as pages of different servers can. */
export function duplicatedLists(scope: FaultScope = {}): FaultSource {
  return callFaults('duplicated lists', { usual: 0.2, ...scope }, ({ verb }) => (verb === 'list' ? DUPLICATED : []));
}
