import { parseImageReference } from '../image-reference.ts';
import type { ProbeRequest } from '../prober.ts';
import type { SimulatedProgram } from './processes.ts';

/** A name to match: text in which `*` stands for any characters, or a regular expression. */
export type Pattern = string | RegExp;

/** A duration in ms, or the bounds [min, max] between which the simulation's generator draws one. */
export type DurationMs = number | readonly [min: number, max: number];

/** Which containers something is about. Every pattern that is given has to match; `{}` is all of them. */
export interface SimulatedTarget {
  readonly namespace?: Pattern;
  /** The Pod's name. */
  readonly pod?: Pattern;
  /** The container's name. */
  readonly container?: Pattern;
  /** As the Pod has it (`nginx:1.25`), in full (`docker.io/library/nginx:1.25`), or without the tag (`nginx`). */
  readonly image?: Pattern;
  /** The words of its command and arguments, joined by spaces. */
  readonly command?: Pattern;
}

/** A pull that takes its time or fails. */
export interface PullBehavior {
  /** Default: 200 to 800 ms by the image's size. */
  readonly latencyMs?: DurationMs;
  /** Why it fails after the latency: one of the usual reasons, or a message of one's own. */
  readonly error?: 'not-found' | 'unauthorized' | 'registry-unavailable' | (string & {});
  /** Fails so many times on each runtime and then works. Default: for ever. */
  readonly times?: number;
}

/** A PodSandbox that takes its time or cannot be made. */
export interface SandboxBehavior {
  /** Default 10 to 40 ms. */
  readonly latencyMs?: DurationMs;
  readonly error?: string;
  /** Fails for so many attempts of RunPodSandbox on each runtime and then works. Default: for ever. */
  readonly times?: number;
}

/** How a container comes up. */
export interface StartBehavior {
  /** Default 50 to 150 ms. */
  readonly latencyMs?: DurationMs;
  /** StartContainer fails with this message, as for a command that does not exist; the container is EXITED with code 128, reason StartError. */
  readonly error?: string;
  /** StartContainer does not return until it is aborted or the container is removed. */
  readonly hang?: boolean;
  /** Only the first so many attempts of a Pod's container are like this. Default: all. */
  readonly times?: number;
}

/** A container that ends by itself. */
export interface ExitBehavior {
  /** Default 0; 137 when the reason is `OOMKilled`. */
  readonly code?: number;
  /** After its start. Default 0. */
  readonly afterMs?: DurationMs;
  /** Default `Completed` for code 0, else `Error`. `OOMKilled` is what the kernel's memory limit gives. */
  readonly reason?: 'Completed' | 'Error' | 'OOMKilled' | (string & {});
  readonly message?: string;
  /** Only the first so many attempts of a Pod's container end; the next one runs for ever. Default: all. */
  readonly times?: number;
}

/** How a container takes SIGTERM. */
export interface StopBehavior {
  /** From SIGTERM to its end. Default 5 to 30 ms. */
  readonly latencyMs?: DurationMs;
  /** Default 143: killed by SIGTERM. A server that shuts down in good order gives 0. */
  readonly exitCode?: number;
  /** Only SIGKILL ends it (137). */
  readonly ignoreSigterm?: boolean;
}

/** What a probe of a container's port answers. The first of a list whose conditions hold decides; when none does the answer is ok. */
export interface ProbeBehavior {
  /** Which of the container's probes. Default: all. */
  readonly purpose?: ProbeRequest['purpose'];
  readonly type?: ProbeRequest['type'];
  readonly port?: number;
  /** Of HTTP probes. */
  readonly path?: Pattern;
  /** Holds from so long after the container's start. Default 0. */
  readonly fromMs?: number;
  /** Holds until so long after the container's start. Default: for ever. */
  readonly untilMs?: number;
  readonly result: 'success' | 'failure' | 'timeout';
  readonly output?: string;
}

/** What a command run in a container gives. The first of a list that matches decides; see {@link runBuiltinCommand} for what is there without. */
export interface ExecBehavior {
  /** Matched against the words of the command joined by spaces. Default: any command. */
  readonly command?: Pattern;
  /** As for {@link ProbeBehavior}. */
  readonly fromMs?: number;
  readonly untilMs?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode?: number;
  readonly latencyMs?: DurationMs;
  /** A program that reads and writes as it likes; its result is the exit code. `stdout`, `stderr`, `exitCode` and `latencyMs` are then not looked at. */
  readonly run?: SimulatedProgram;
}

/** What listens at a port of a Pod. The first of a list that matches decides; without one, everything that is sent comes back. */
export interface PortBehavior {
  /** Default: any port. */
  readonly port?: number;
  /** Nothing listens there. */
  readonly refuse?: boolean;
  /** Answers every HTTP request with this. */
  readonly http?: { readonly status?: number; readonly contentType?: string; readonly body: string };
  /** Serves a connection; it is closed when this resolves. */
  serve?(connection: { readonly readable: ReadableStream<Uint8Array>; readonly writable: WritableStream<Uint8Array> }): Promise<void> | void;
}

/** A line that a container writes. */
export interface LogBehavior {
  readonly line: string;
  /** After its start. Default 0. */
  readonly afterMs?: number;
  /** And again every so many ms, at least 1. Default: once. */
  readonly everyMs?: number;
  readonly stream?: 'stdout' | 'stderr';
}

/** How the containers that the target names behave; what is unset stays as it is. Later behaviours override earlier ones, field by field. */
export interface SimulatedBehavior extends SimulatedTarget {
  readonly pull?: PullBehavior;
  readonly sandbox?: SandboxBehavior;
  readonly start?: StartBehavior;
  readonly exit?: ExitBehavior;
  readonly stop?: StopBehavior;
  readonly probes?: readonly ProbeBehavior[];
  readonly exec?: readonly ExecBehavior[];
  readonly logs?: readonly LogBehavior[];
  /** What listens at the Pod's ports. */
  readonly ports?: readonly PortBehavior[];
  /** The container's own process, for those who attach to it. Default: it writes what is in its log from then on, and reads without an answer. */
  readonly attach?: SimulatedProgram;
  /** It lives but does nothing: probes and commands time out, SIGTERM is ignored. */
  readonly hang?: boolean;
  /** What it uses, for stats. Default 1 millicpu, 16 MiB. */
  readonly usage?: { readonly cpuMillis: number; readonly memoryBytes: number };
}

/** The fields of a {@link SimulatedBehavior} that say how, not of what. */
export type Behavior = Omit<SimulatedBehavior, keyof SimulatedTarget>;

/** The names of one container (or of an image alone, or of a sandbox alone) to be matched. */
export interface BehaviorSubject {
  readonly namespace?: string;
  readonly pod?: string;
  readonly container?: string;
  readonly image?: string;
  readonly command?: string;
}

/** A set of behaviours that may change at any time and that several runtimes may share. */
export interface SimulatedBehaviors {
  /** Adds one; the returned function takes it away again (idempotent). */
  add(behavior: SimulatedBehavior): () => void;
  /** What holds for a subject now. */
  resolve(subject: BehaviorSubject): Behavior;
  /** Calls `fn` after every change, until the returned function is called. */
  onChange(fn: () => void): () => void;
}

const NO_BEHAVIOR: Behavior = Object.freeze({});

/** Makes a set of behaviours. Pass it to several runtimes to script a whole cluster in one place. */
export function createSimulatedBehaviors(initial: readonly SimulatedBehavior[] = []): SimulatedBehaviors {
  const entries: SimulatedBehavior[] = [];
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of [...listeners]) listener();
  };
  for (const behavior of initial) entries.push(checked(behavior));
  return {
    add(behavior) {
      const entry = checked(behavior);
      entries.push(entry);
      changed();
      return () => {
        const at = entries.indexOf(entry);
        if (at < 0) return;
        entries.splice(at, 1);
        changed();
      };
    },
    resolve(subject) {
      if (entries.length === 0) return NO_BEHAVIOR;
      const matching = entries.filter((entry) => matchesTarget(entry, subject));
      return matching.length === 0 ? NO_BEHAVIOR : (Object.assign({}, ...matching) as Behavior);
    },
    onChange(fn) {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
  };
}

/** A private copy, so that one behaviour may be added twice; a mistake is reported at once, by the field's name. */
function checked(behavior: SimulatedBehavior): SimulatedBehavior {
  const durations: readonly [string, DurationMs | undefined][] = [
    ['pull.latencyMs', behavior.pull?.latencyMs],
    ['sandbox.latencyMs', behavior.sandbox?.latencyMs],
    ['start.latencyMs', behavior.start?.latencyMs],
    ['exit.afterMs', behavior.exit?.afterMs],
    ['stop.latencyMs', behavior.stop?.latencyMs],
  ];
  for (const [field, value] of durations) if (value !== undefined) checkDuration(field, value);
  return { ...behavior };
}

function checkDuration(field: string, value: DurationMs): void {
  const [min, max] = typeof value === 'number' ? [value, value] : value;
  if (!(min >= 0 && max >= min)) throw new RangeError(`${field} must be ms ≥ 0 or [min, max], not ${JSON.stringify(value)}`);
}

/** Whether a subject is one that a target names. A pattern for what the subject does not have (the image of a sandbox) does not match. */
export function matchesTarget(target: SimulatedTarget, subject: BehaviorSubject): boolean {
  return (
    matchesOptional(target.namespace, subject.namespace) &&
    matchesOptional(target.pod, subject.pod) &&
    matchesOptional(target.container, subject.container) &&
    matchesOptional(target.command, subject.command) &&
    (target.image === undefined || (subject.image !== undefined && matchesImage(target.image, subject.image)))
  );
}

function matchesOptional(pattern: Pattern | undefined, text: string | undefined): boolean {
  return pattern === undefined || (text !== undefined && matchesPattern(pattern, text));
}

function matchesImage(pattern: Pattern, image: string): boolean {
  if (matchesPattern(pattern, image)) return true;
  const { repository, name } = parseImageReference(image);
  const short = repository.replace(/^docker\.io\/(library\/)?/, '');
  return matchesPattern(pattern, name) || matchesPattern(pattern, repository) || matchesPattern(pattern, short);
}

/** Whether `text` is what a {@link Pattern} describes, from its first to its last character. */
export function matchesPattern(pattern: Pattern, text: string): boolean {
  if (typeof pattern !== 'string') return pattern.test(text);
  if (!pattern.includes('*')) return pattern === text;
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*')}$`).test(text);
}
