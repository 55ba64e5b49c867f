import {
  ApiError,
  isApiError,
  isNotFound,
  type AttachOptions,
  type CallOptions,
  type Client,
  type Clock,
  type ContainerOnNode,
  type LogOptions,
  type NodeConnections,
  type NodeUsage,
  type PodOnNode,
} from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import { isRuntimeError, type ContainerRuntime, type LogEntry, type ReadLogsRequest } from '@kybern/runtime-cri';
import { LABELS } from '../runtime/labels.ts';
import { answerRequest } from './agent-requests.ts';
import { readLogFile } from './log-file.ts';
import { logStream } from './log-output.ts';
import { loggedContainer } from './logged-container.ts';
import { unreachable } from './unreachable.ts';
import { computeUsage } from './usage.ts';

/** What {@link createAgentConnections} works with. */
export interface AgentConnectionsDeps {
  readonly name: string;
  readonly client: Client;
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  /** Whether the agent runs: one that does not is one that nobody reaches. */
  isRunning(): boolean;
  /** What Pods use, where the agent measures it itself; undefined where the runtime is asked. */
  usage(): NodeUsage | undefined;
}

/**
 * What an agent does for those who come through the kubelet port: it finds the container in the runtime, by its labels, and hands over the runtime's streams.
 *
 * @see kubernetes v1.36 pkg/kubelet/server/server.go
 */
export function createAgentConnections(deps: AgentConnectionsDeps): NodeConnections {
  const guarded = async <T>(run: () => Promise<T>, options: CallOptions | undefined): Promise<T> => {
    options?.signal?.throwIfAborted();
    if (!deps.isRunning()) throw unreachable(deps.name);
    try {
      return await run();
    } catch (error) {
      throw options?.signal?.aborted === true ? options.signal.reason : toApiError(error);
    }
  };
  const connections: NodeConnections = {
    logs: (container, options) => guarded(() => openLog(deps, container, options), options),
    exec: (container, options) =>
      guarded(async () => {
        const containerId = await runningContainer(deps, container, options);
        return deps.runtime.exec({ containerId, cmd: options.command, ...streamsOf(options) }, callOptions(options));
      }, options),
    attach: (container, options) =>
      guarded(async () => {
        const containerId = await runningContainer(deps, container, options);
        return deps.runtime.attach({ containerId, ...streamsOf(options) }, callOptions(options));
      }, options),
    connect: (pod, port, options) =>
      guarded(async () => {
        const podSandboxId = await readySandbox(deps, pod, options);
        const ports = await deps.runtime.portForward({ podSandboxId, port: [port] }, callOptions(options));
        return ports.connect(port, callOptions(options));
      }, options),
    request: (_node, request) => guarded(() => answerRequest({ ...deps, connections }, request), request),
    usage: (_node, options) =>
      guarded(async () => deps.usage() ?? computeUsage((await deps.runtime.listPodSandboxStats({}, callOptions(options))).stats, deps.clock.now()), options),
  };
  return connections;
}

async function openLog(
  deps: AgentConnectionsDeps,
  { namespace, name, uid, container }: ContainerOnNode,
  options: LogOptions,
): Promise<ReadableStream<Uint8Array>> {
  const { client, runtime, clock } = deps;
  const { follow = false, previous = false, tailLines, stream = 'All', signal } = options;
  const pod = await client.get(Pod, { namespace, name }, callOptions(options)).catch((error: unknown) => {
    throw isNotFound(error) ? noSuchPod(name) : error;
  });
  if (uid !== '' && pod.metadata.uid !== uid) throw noSuchPod(name);
  const containerId = loggedContainer(pod.status, { pod: name, container, previous });
  const wanted: Omit<ReadLogsRequest, 'containerId'> = {
    // What has ended does not go on.
    follow: follow && !previous,
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(stream === 'All' ? {} : { stream: stream === 'Stdout' ? 'stdout' : 'stderr' }),
  };
  const { status } = await runtime.containerStatus({ containerId }, callOptions(options));
  const isRunning = async (): Promise<boolean> => (await runtime.containerStatus({ containerId })).status?.state === 'CONTAINER_RUNNING';
  const entries: AsyncIterable<readonly LogEntry[]> =
    runtime.readLogs?.({ containerId, ...wanted }, callOptions(options)) ?? readLogFile({ ...wanted, path: status?.logPath ?? '', clock, isRunning, signal });
  return logStream(entries, { ...options, nowMs: clock.now() });
}

/** The newest container of that name that runs. */
async function runningContainer({ runtime }: AgentConnectionsDeps, { uid, container }: ContainerOnNode, options: CallOptions): Promise<string> {
  const { containers } = await runtime.listContainers(
    { filter: { state: { state: 'CONTAINER_RUNNING' }, labelSelector: { [LABELS.podUid]: uid, [LABELS.containerName]: container } } },
    callOptions(options),
  );
  const [newest] = [...containers].sort((a, b) => b.createdAt - a.createdAt);
  if (newest === undefined) throw internal(`container not found (${JSON.stringify(container)})`);
  return newest.id;
}

async function readySandbox({ runtime }: AgentConnectionsDeps, { namespace, name, uid }: PodOnNode, options: CallOptions | undefined): Promise<string> {
  const { items } = await runtime.listPodSandbox(
    { filter: { state: { state: 'SANDBOX_READY' }, labelSelector: { [LABELS.podUid]: uid } } },
    callOptions(options),
  );
  const [sandbox] = items;
  if (sandbox === undefined) throw internal(`pod not found (${JSON.stringify(`${name}_${namespace}`)})`);
  return sandbox.id;
}

const streamsOf = ({
  stdin = false,
  stdout = false,
  stderr = false,
  tty = false,
}: AttachOptions): Required<Pick<AttachOptions, 'stdin' | 'stdout' | 'stderr' | 'tty'>> => ({
  stdin,
  stdout,
  stderr: stderr && !tty,
  tty,
});

const callOptions = (options: CallOptions | undefined): { signal?: AbortSignal } => (options?.signal === undefined ? {} : { signal: options.signal });

function noSuchPod(name: string): ApiError {
  return new ApiError('NotFound', `pod ${JSON.stringify(name)} does not exist`);
}

function internal(message: string): ApiError {
  return new ApiError('InternalError', message);
}

function toApiError(error: unknown): ApiError {
  if (isApiError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError(isRuntimeError(error, 'UNAVAILABLE') ? 'ServiceUnavailable' : 'InternalError', message, { cause: error });
}
