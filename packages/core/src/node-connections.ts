import type { CallOptions } from './client.ts';

/** Which part of a container's log is wanted, and how. */
export interface LogOptions extends CallOptions {
  /** Go on with what is written later, until the container ends. Default false. */
  readonly follow?: boolean;
  /** The log of the container's run before the present one. Default false. */
  readonly previous?: boolean;
  /** Only lines that are not older than this. */
  readonly sinceSeconds?: number;
  /** Only lines from this time on, RFC 3339. */
  readonly sinceTime?: string;
  /** Put the time of each line before it. Default false. */
  readonly timestamps?: boolean;
  /** At most so many lines, the last ones. */
  readonly tailLines?: number;
  /** At most so many bytes, the first ones of what is left. */
  readonly limitBytes?: number;
  /** Which output. Default `All`. */
  readonly stream?: 'All' | 'Stdout' | 'Stderr';
}

/** Which streams of a process are wanted. With `tty` there is no `stderr`: both outputs come as one. */
export interface AttachOptions extends CallOptions {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly tty?: boolean;
}

/** A command to run, and its streams. */
export interface ExecOptions extends AttachOptions {
  /** Program and arguments; no shell takes them apart. */
  readonly command: readonly string[];
}

/** The size of a terminal, in characters. */
export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** The streams of a running process. Which of them exist follows the options. */
export interface ProcessStreams {
  /** Closing it ends the process's standard input. */
  readonly stdin?: WritableStream<Uint8Array>;
  readonly stdout?: ReadableStream<Uint8Array>;
  readonly stderr?: ReadableStream<Uint8Array>;
  /** Resolves with the exit code once the process ended and its output was delivered. */
  readonly exitCode: Promise<number>;
  /** Tells a terminal its new size. Without a terminal it does nothing. */
  resize(size: TerminalSize): Promise<void>;
}

/** A connection to a port: what is sent and what is received. Each side may be closed by itself. */
export interface ByteConnection {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** A Pod on its node. */
export interface PodOnNode {
  readonly node: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** A container of a Pod on its node. */
export interface ContainerOnNode extends PodOnNode {
  readonly container: string;
}

/** A request to a node's agent, as its HTTP server would get it. */
export interface NodeRequest extends CallOptions {
  readonly method: string;
  /** Such as `/stats/summary`. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** What a node's agent answers. */
export interface NodeResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | ReadableStream<Uint8Array>;
}

/** What a container uses at a moment. */
export interface ContainerUsage {
  readonly name: string;
  readonly cpuNanoCores: number;
  readonly memoryBytes: number;
}

/** What a Pod's containers use. */
export interface PodUsage {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly containers: readonly ContainerUsage[];
  /** What went over its network since it was made; unset when that is not measured, or is its node's. */
  readonly network?: { readonly rxBytes: number; readonly rxErrors: number; readonly txBytes: number; readonly txErrors: number } | undefined;
}

/** What a node and its Pods use at a moment. */
export interface NodeUsage {
  /** When it was measured, ms since the Unix epoch. */
  readonly timeMs: number;
  /** How long the measurement of CPU took. */
  readonly windowMs: number;
  readonly cpuNanoCores: number;
  readonly memoryBytes: number;
  readonly pods: readonly PodUsage[];
}

/**
 * The kubelet port: how an API server reaches the agents of nodes. In-process agents and agents behind a network are two implementations of it.
 *
 * Every call rejects with an `ApiError` in Kubernetes' words (`NotFound` for a Pod that the node does not have, `BadRequest` for a container that has no log yet,
 * `InternalError` when the node cannot be reached) or with the signal's reason. The signal also ends what a call resolved with.
 *
 * Streams are bounded: who does not read makes the writer wait.
 */
export interface NodeConnections {
  logs(container: ContainerOnNode, options: LogOptions): Promise<ReadableStream<Uint8Array>>;
  exec(container: ContainerOnNode, options: ExecOptions): Promise<ProcessStreams>;
  attach(container: ContainerOnNode, options: AttachOptions): Promise<ProcessStreams>;
  /** Connects to a port in the Pod's network. */
  connect(pod: PodOnNode, port: number, options?: CallOptions): Promise<ByteConnection>;
  request(node: string, request: NodeRequest): Promise<NodeResponse>;
  usage(node: string, options?: CallOptions): Promise<NodeUsage>;
}
