import type { CallOptions } from '@kybern/core';
import type { Observable } from 'rxjs';
import type { AttachRequest, ContainerEventResponse, ExecRequest, ImageService, PortForwardRequest, RuntimeService } from './generated/cri.ts';
import type { Prober } from './prober.ts';

/** A running command's streams. Which of them exist follows the request's `stdin`, `stdout`, `stderr`; with `tty` there is no `stderr`. */
export interface ExecStreams {
  /** Closing it ends the command's standard input. */
  readonly stdin?: WritableStream<Uint8Array>;
  readonly stdout?: ReadableStream<Uint8Array>;
  readonly stderr?: ReadableStream<Uint8Array>;
  /** Resolves with the exit code once the command ended and its output was delivered. */
  readonly exitCode: Promise<number>;
  /** Tells a terminal its new size, in characters. Without a terminal it does nothing. */
  resize(size: { readonly width: number; readonly height: number }): Promise<void>;
}

/** A line of a container's log; a long line may come in parts. */
export interface LogEntry {
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** Without the end of the line. */
  readonly text: Uint8Array;
  /** The line goes on in the next entry of the same stream. */
  readonly partial: boolean;
}

/** What {@link ContainerRuntime.readLogs} is to read. */
export interface ReadLogsRequest {
  readonly containerId: string;
  /** Go on with what is written later, until the container is gone or has ended. */
  readonly follow?: boolean;
  /** Begin with so many lines before the end. Default: at the oldest line that is kept. */
  readonly tailLines?: number;
  /** Only this output. Default: both. */
  readonly stream?: LogEntry['stream'];
}

/** Connections into a PodSandbox's network. */
export interface PortForwardStreams {
  /** Opens one connection to a port. @throws {RuntimeError} `UNAVAILABLE` when nothing listens there */
  connect(port: number, options?: CallOptions): Promise<{ readonly readable: ReadableStream<Uint8Array>; readonly writable: WritableStream<Uint8Array> }>;
}

/**
 * The container runtime port, which *is* the CRI: RuntimeService and ImageService, one method per RPC, and nothing a kubelet could not get from containerd or
 * CRI-O. Two things are lifted above the wire: Exec, Attach and PortForward give streams in place of a URL to open them at, and the event stream
 * is a property that adapters keep alive.
 *
 * Every call takes `{ signal }`; aborting rejects the call at once with the signal's reason, though the runtime may still carry it out. Errors are
 * `RuntimeError`s. As the CRI demands, `Stop*` and `Remove*` of what is already gone succeed.
 *
 * Implementations pass `describeRuntimeConformance` of `@kybern/runtime-cri/conformance`.
 */
export interface ContainerRuntime extends Omit<RuntimeService, 'getContainerEvents' | 'exec' | 'attach' | 'portForward'>, ImageService {
  /**
   * Hot, no replay. What happened to containers, with the statuses of the whole sandbox as they were then. May lose events while the runtime is away: a
   * consumer relists from time to time. Never errors; completes when the runtime is disposed of for good.
   */
  readonly events$: Observable<ContainerEventResponse>;
  /** For runtimes whose Pods are not on this machine's network: how to reach their ports. Unset: through the network. */
  readonly prober?: Prober;
  /**
   * For runtimes that do not keep logs in the files that the CRI describes. Cold: reads at the pace of whoever iterates, as many lines at a
   * time as there are, at most some thousand. Ends with the signal's reason when that aborts. Unset: the log is the file at the `logPath` of the container's status.
   *
   * @throws {RuntimeError} `NOT_FOUND`
   */
  readLogs?(request: ReadLogsRequest, options?: CallOptions): AsyncIterable<readonly LogEntry[]>;
  /** Runs a command with streams. @throws {RuntimeError} `NOT_FOUND`; `UNKNOWN` when the container does not run */
  exec(request: ExecRequest, options?: CallOptions): Promise<ExecStreams>;
  /** Attaches to the container's own process. Its `exitCode` is the container's. */
  attach(request: AttachRequest, options?: CallOptions): Promise<ExecStreams>;
  /** Opens a door into the sandbox's network for the ports of the request. */
  portForward(request: PortForwardRequest, options?: CallOptions): Promise<PortForwardStreams>;
}
