import type { CallOptions, Clock } from '@kybern/core';
import type { ProbeAnswer, Prober, ProbeRequest } from '../prober.ts';
import { matchesPattern, type ProbeBehavior, type SimulatedBehaviors } from './behaviors.ts';
import { holdsNow } from './commands.ts';
import type { Latencies } from './latencies.ts';
import type { ContainerRecord } from './records.ts';
import { behaviorOf } from './stages/container-script.ts';
import type { SimulatedSandboxes } from './sandboxes.ts';

/** What {@link simulatedProber} works with. */
export interface ProberDeps {
  readonly clock: Clock;
  readonly behaviors: SimulatedBehaviors;
  readonly latencies: Latencies;
  readonly sandboxes: SimulatedSandboxes;
}

/** Answers probes of simulated Pods: a running container answers on every port, unless its behaviour says otherwise. */
export function simulatedProber(deps: ProberDeps): Prober {
  return {
    async probe(request: ProbeRequest, options?: CallOptions): Promise<ProbeAnswer> {
      options?.signal?.throwIfAborted();
      const container = findContainer(deps.sandboxes, request);
      if (container === undefined) return { ok: false, output: refused(request) };
      const script = scriptFor(container, request, deps);
      if (container.hung || script?.result === 'timeout') {
        await deps.latencies.wait(request.timeoutMs, options?.signal);
        return { ok: false, output: script?.output ?? timedOut(request) };
      }
      if (script?.result === 'failure') return { ok: false, output: script.output ?? failed(request) };
      return { ok: true, output: script?.output ?? 'ok' };
    },
  };
}

function findContainer(sandboxes: SimulatedSandboxes, request: ProbeRequest): ContainerRecord | undefined {
  for (const sandbox of sandboxes.byId.values()) {
    if (request.containerId === undefined ? sandbox.ip !== request.host : !sandbox.containers.some(({ id }) => id === request.containerId)) continue;
    return sandbox.containers.find(({ id, state }) => state === 'CONTAINER_RUNNING' && (request.containerId === undefined || request.containerId === id));
  }
  return undefined;
}

function scriptFor(container: ContainerRecord, request: ProbeRequest, { clock, behaviors }: ProberDeps): ProbeBehavior | undefined {
  const runningMs = clock.now() - container.startedAt / 1e6;
  return behaviorOf(container, behaviors).probes?.find((script) => asks(script, request) && holdsNow(script, runningMs));
}

function asks(script: ProbeBehavior, request: ProbeRequest): boolean {
  if (script.purpose !== undefined && script.purpose !== request.purpose) return false;
  if (script.type !== undefined && script.type !== request.type) return false;
  if (script.port !== undefined && script.port !== request.port) return false;
  return script.path === undefined || (request.type === 'http' && matchesPattern(script.path, request.path));
}

const url = (request: ProbeRequest): string =>
  request.type === 'http' ? `${request.scheme.toLowerCase()}://${request.host}:${request.port}${request.path}` : `${request.host}:${request.port}`;

function refused(request: ProbeRequest): string {
  const reason = `dial tcp ${request.host}:${request.port}: connect: connection refused`;
  return request.type === 'http' ? `Get "${url(request)}": ${reason}` : reason;
}

function timedOut(request: ProbeRequest): string {
  if (request.type === 'http') return `Get "${url(request)}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`;
  return request.type === 'tcp'
    ? `dial tcp ${url(request)}: i/o timeout`
    : `timeout: failed to connect service "${url(request)}" within ${request.timeoutMs / 1000}s`;
}

function failed(request: ProbeRequest): string {
  if (request.type === 'http') return 'HTTP probe failed with statuscode: 503';
  return request.type === 'grpc' ? 'service unhealthy (responded with "NOT_SERVING")' : refused(request);
}
