import { noopLogger, systemClock, type CallOptions, type Clock, type Logger } from '@kybern/core';
import type { Observable } from 'rxjs';
import { isRuntimeError } from '../errors.ts';
import type * as cri from '../generated/cri.ts';
import type { ContainerRuntime, ExecStreams, PortForwardStreams } from '../runtime.ts';
import { openCommandStreams } from './internal/command-streams.ts';
import { createCriClient, type CriClient } from './internal/cri-client.ts';
import { EventSource, type EventOrigin } from './internal/event-source.ts';
import { createGrpcChannel, type GrpcChannel } from '../grpc-kit/grpc-channel.ts';
import { openPort } from './internal/port-streams.ts';

/** Options of {@link createGrpcRuntime}. */
export interface GrpcRuntimeOptions {
  /** Where the runtime listens: `unix:///run/containerd/containerd.sock`, a path, or `tcp://host:port`. */
  readonly endpoint: string;
  /** Default: the machine's. */
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** What a runtime can do, as far as it matters to a kubelet. */
export interface RuntimeCapabilities {
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  /** Where events come from: the CRI (1.26), containerd's own stream, or a list every second. */
  readonly events: EventOrigin;
  /** Methods that the runtime answers with UNIMPLEMENTED, of those that were added after the first release. */
  readonly missing: readonly string[];
}

/** A runtime at the other end of a socket. */
export interface GrpcRuntime extends ContainerRuntime, Disposable {
  /** Asks what the runtime can do. @throws {RuntimeError} `UNAVAILABLE` */
  capabilities(options?: CallOptions): Promise<RuntimeCapabilities>;
  /** Ends the connection: no more events, and calls reject. Containers go on. */
  [Symbol.dispose](): void;
}

/** Methods of later releases, asked about what there is not, so that nothing is done. */
const LATER = {
  podSandboxStats: (client, options) => client.podSandboxStats({ podSandboxId: 'none' }, options),
  listPodSandboxStats: (client, options) => client.listPodSandboxStats({ filter: { id: 'none' } }, options),
  checkpointContainer: (client, options) => client.checkpointContainer({ containerId: 'none' }, options),
  runtimeConfig: (client, options) => client.runtimeConfig({}, options),
  updatePodSandboxResources: (client, options) => client.updatePodSandboxResources({ podSandboxId: 'none' }, options),
} as const satisfies Readonly<Record<string, (client: CriClient, options: CallOptions | undefined) => Promise<unknown>>>;

/**
 * Makes the client of a CRI server: containerd 1.6 and newer, CRI-O. Nothing is connected before the first call, and a connection that is lost is made anew.
 *
 * What older servers lack is made up for: events come from containerd's own stream or from lists, RuntimeConfig is read from the Status. What cannot be made up for rejects with `UNIMPLEMENTED`;
 * {@link GrpcRuntime.capabilities} tells. Exec, Attach and PortForward open the address that the server hands out, over SPDY/3.1.
 *
 * @throws {RuntimeError} `INVALID_ARGUMENT` when the endpoint is none
 * @example
 * const runtime = createGrpcRuntime({ endpoint: 'unix:///run/containerd/containerd.sock' });
 * await runtime.version({});
 */
export function createGrpcRuntime(options: GrpcRuntimeOptions): GrpcRuntime {
  const { endpoint, clock = systemClock(), logger = noopLogger } = options;
  const channel = createGrpcChannel(endpoint, clock);
  const client = createCriClient(channel);
  const events = new EventSource({ channel, client, clock, logger });
  return {
    ...client,
    ...lenient(client),
    ...streams(client),
    ...lifetime({ channel, client, events }),
    get events$(): Observable<cri.ContainerEventResponse> {
      void events.start();
      return events.events$;
    },
  };
}

/** containerd at its usual place, unless told otherwise. */
export function containerd(options: Partial<GrpcRuntimeOptions> = {}): GrpcRuntime {
  return createGrpcRuntime({ endpoint: 'unix:///run/containerd/containerd.sock', ...options });
}

/** Calls that a server may answer otherwise than the CRI says. */
function lenient(
  client: CriClient,
): Pick<
  ContainerRuntime,
  'stopPodSandbox' | 'removePodSandbox' | 'stopContainer' | 'removeContainer' | 'removeImage' | 'listContainerStats' | 'runtimeConfig'
> {
  return {
    // containerd 1.6 lists containers that were never started, too.
    async listContainerStats(request, options) {
      const { stats } = await client.listContainerStats(request, options);
      return { stats: stats.filter(({ cpu, memory }) => cpu !== undefined || memory !== undefined) };
    },
    stopPodSandbox: (request, options) => unlessGone(client.stopPodSandbox(request, options)),
    removePodSandbox: (request, options) => unlessGone(client.removePodSandbox(request, options)),
    stopContainer: (request, options) => unlessGone(client.stopContainer(request, options)),
    removeContainer: (request, options) => unlessGone(client.removeContainer(request, options)),
    removeImage: (request, options) => unlessGone(client.removeImage(request, options)),
    async runtimeConfig(request, options) {
      try {
        return await client.runtimeConfig(request, options);
      } catch (error) {
        if (!isRuntimeError(error, 'UNIMPLEMENTED')) throw error;
        const { info } = await client.status({ verbose: true }, options);
        return { linux: { cgroupDriver: usesSystemd(info?.['config'] ?? '') ? 'SYSTEMD' : 'CGROUPFS' } };
      }
    },
  };
}

/** What is gone is stopped and removed. containerd 1.6 does not think so. */
async function unlessGone(call: Promise<Readonly<Record<string, never>>>): Promise<Readonly<Record<string, never>>> {
  try {
    return await call;
  } catch (error) {
    if (isRuntimeError(error, 'NOT_FOUND')) return {};
    throw error;
  }
}

/** As containerd's own configuration says it, which is JSON. */
function usesSystemd(config: string): boolean {
  return /"SystemdCgroup":\s*true/i.test(config);
}

function streams(client: CriClient): Pick<ContainerRuntime, 'exec' | 'attach' | 'portForward'> {
  return {
    async exec(request, options): Promise<ExecStreams> {
      const { url = '' } = await client.exec(request, options);
      return openCommandStreams({ url, wanted: request, signal: options?.signal });
    },
    async attach(request, options): Promise<ExecStreams> {
      const { url = '' } = await client.attach(request, options);
      const opened = await openCommandStreams({ url, wanted: request, signal: options?.signal });
      const exitCode = opened.exitCode.catch(() => 0).then((code) => exitCodeOf(client, request.containerId, code));
      exitCode.catch(() => undefined);
      return { ...opened, exitCode };
    },
    async portForward(request, options): Promise<PortForwardStreams> {
      await client.podSandboxStatus({ podSandboxId: request.podSandboxId }, options);
      return {
        async connect(port, connecting) {
          // An address is good for one connection.
          const { url = '' } = await client.portForward({ podSandboxId: request.podSandboxId, port: [port] }, connecting);
          return openPort(url, port, connecting?.signal);
        },
      };
    },
  };
}

/** Who was attached to a container learns how that ended, not how the connection did. */
async function exitCodeOf(client: CriClient, containerId: string, otherwise: number): Promise<number> {
  const { status } = await client.containerStatus({ containerId });
  return status?.state === 'CONTAINER_EXITED' ? status.exitCode : otherwise;
}

interface Parts {
  readonly channel: GrpcChannel;
  readonly client: CriClient;
  readonly events: EventSource;
}

function lifetime({ channel, client, events }: Parts): Pick<GrpcRuntime, 'capabilities' | typeof Symbol.dispose> {
  return {
    async capabilities(options) {
      const { runtimeName, runtimeVersion } = await client.version({}, options);
      const missing: string[] = [];
      for (const [method, ask] of Object.entries(LATER)) if (await isMissing(ask(client, options))) missing.push(method);
      return { runtimeName, runtimeVersion, events: await events.start(), missing };
    },
    [Symbol.dispose]() {
      events.dispose();
      channel.close();
    },
  };
}

async function isMissing(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return false;
  } catch (error) {
    if (!isRuntimeError(error)) throw error;
    return error.code === 'UNIMPLEMENTED';
  }
}
