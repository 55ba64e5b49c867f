import { isAbsolute, join } from 'node:path';
import type { Listener } from '@kybern/apiserver';
import { printTable } from '@kybern/apiserver';
import { parseDuration, sleep, systemClock, type Clock } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import type { ErrorContext } from '@kybern/reconcile';
import { createLogUpdate } from 'log-update';
import { createCluster, type Cluster } from '../../cluster.ts';
import { CliError } from '../errors.ts';
import { line, type CliIo } from '../io.ts';
import { defaultKubeconfig, kubeconfigText, removeIfOurs, writePrivately } from '../kubeconfig-file.ts';
import { loadManifests, type LoadedManifest } from '../manifests.ts';
import { cliKinds } from '../resource-argument.ts';
import { formatTable } from '../table-text.ts';
import { announce } from '../up/announce.ts';
import { followRollout, type RolloutFollower } from '../up/follow-rollout.ts';
import { renderRollout } from '../up/rollout-view.ts';
import { applyManifests } from './apply.ts';
import type { Command } from './command.ts';

interface UpArgs {
  readonly manifests: readonly string[];
  readonly once: boolean;
  readonly timeout: string;
  readonly listen: string;
  readonly kubeconfig: string | undefined;
  readonly nodes: number;
  readonly runtime: 'simulated';
  readonly state: 'memory';
  readonly seed: string | undefined;
  readonly output: 'text' | 'json';
}

/** How often the live table is drawn anew at most, and how often its ages advance. */
const REDRAW_MS = 200;

/** `kybern up`: a cluster, with manifests applied, until Ctrl-C. */
export const upCommand: Command<UpArgs> = {
  command: 'up [manifests..]',
  describe: 'Start a cluster, apply manifests, show the rollout, and run until Ctrl-C',
  examples: [
    ['kybern up examples/quickstart', 'a cluster of three simulated nodes with the manifests of a folder'],
    ['kybern up deployment.yaml --once', 'end as soon as everything is available; exit code 1 if that takes too long'],
    ['kybern up --listen 127.0.0.1:6443 --nodes 5', 'an empty cluster at a port of your choice'],
  ],
  options: (yargs) =>
    yargs
      .positional('manifests', { type: 'string', array: true, default: [], describe: 'files or folders with manifests' })
      .option('once', { type: 'boolean', default: false, describe: 'end when everything is available, and print the Pods' })
      .option('timeout', { type: 'string', default: '60s', describe: 'with --once: how long that may take' })
      .option('listen', { type: 'string', default: '127.0.0.1:0', describe: 'where the API server listens; port 0 is any free one' })
      .option('kubeconfig', { type: 'string', describe: 'where to write the kubeconfig (default: ~/.kybern/kubeconfig)' })
      .option('nodes', { type: 'number', default: 3, describe: 'how many nodes' })
      .option('runtime', { choices: ['simulated'] as const, default: 'simulated' as const, describe: 'what runs containers' })
      .option('state', { choices: ['memory'] as const, default: 'memory' as const, describe: 'where objects are kept' })
      .option('seed', { type: 'string', describe: 'makes names and choices repeatable' })
      .option('output', { choices: ['text', 'json'] as const, default: 'text' as const, describe: 'text for people, JSON lines for programs' }),
  run: up,
};

async function up(args: UpArgs, io: CliIo): Promise<number> {
  const timeoutMs = durationOf(args.timeout);
  const address = addressOf(args.listen);
  if (!Number.isInteger(args.nodes) || args.nodes < 0) throw new CliError(`--nodes must be a whole number of at least 0, not ${String(args.nodes)}`);
  const manifests = await loadManifests(args.manifests, { cwd: io.cwd, kinds: cliKinds() });
  const clock = systemClock();
  const reporter = createReporter(args, io, clock);
  await using cluster = await createCluster({
    nodes: args.nodes,
    clock,
    ...(args.seed === undefined ? {} : { seed: args.seed }),
    onError: (error, context) => reporter.problem(`${describeContext(context)}: ${error.message}`),
  });
  const listener = await listenAt(cluster, address, args.listen);
  const kubeconfig = kubeconfigPath(args, io);
  const text = kubeconfigText(listener);
  await writeKubeconfig(kubeconfig, text);
  try {
    reporter.ready(listener, kubeconfig);
    return await serve({ args, io, clock, cluster, manifests, reporter, timeoutMs });
  } catch (error) {
    if (io.interrupted.aborted) return 130;
    throw error;
  } finally {
    reporter.end();
    await removeIfOurs(kubeconfig, text);
  }
}

function describeContext(context: ErrorContext): string {
  if (context.source === 'reconcile') return `controller ${context.controller}, ${context.kind} "${context.key}"`;
  return context.what;
}

interface Session {
  readonly args: UpArgs;
  readonly io: CliIo;
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly manifests: readonly LoadedManifest[];
  readonly reporter: Reporter;
  readonly timeoutMs: number;
}

async function serve(session: Session): Promise<number> {
  const { args, io, clock, cluster, manifests, reporter } = session;
  const stop = new AbortController();
  const follower = followRollout(cluster.client, manifests, clock);
  const following = follower.run(stop.signal);
  try {
    await follower.synced;
    const unfollow = reporter.follow(follower);
    const failures = await applyManifests(cluster.client, manifests, {
      namespace: 'default',
      signal: io.interrupted,
      onApplied: (manifest, outcome) => reporter.applied(manifest, outcome),
    });
    if (failures.length > 0) throw new CliError(failures.map((failure) => failure.message).join('\n'));
    await untilAvailable(session, follower);
    reporter.available();
    if (!args.once) await untilInterrupted(io.interrupted);
    unfollow();
    if (args.once) await printPods(session);
    return 0;
  } finally {
    stop.abort();
    await following;
  }
}

/** Waits until nothing is waited for. @throws {CliError} with the reasons, when `--once` and the time is over */
async function untilAvailable({ args, io, clock, timeoutMs }: Session, follower: RolloutFollower): Promise<void> {
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const waiting = follower.waiting();
    if (waiting.length === 0) return;
    if (args.once && clock.monotonicMs() >= deadlineMs)
      throw new CliError(`not available after ${args.timeout}:\n${waiting.map((why) => `  ${why}`).join('\n')}`);
    await sleep(clock, 20, { signal: io.interrupted });
  }
}

function untilInterrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function printPods({ args, io, clock, cluster, reporter }: Session): Promise<void> {
  reporter.end();
  const list = await cluster.client.list(Pod, { namespace: 'default' });
  if (args.output === 'json') line(io.stdout, JSON.stringify({ type: 'pods', items: list.items }));
  else if (list.items.length > 0) line(io.stdout, formatTable(printTable({ kind: Pod, objects: list.items, nowMs: clock.now() }), { wide: true }));
}

/** Tells how it goes: a live table in a terminal, lines elsewhere, JSON lines for programs. */
interface Reporter {
  ready(listener: Listener, kubeconfig: string): void;
  applied(manifest: LoadedManifest, outcome: string): void;
  follow(follower: RolloutFollower): () => void;
  available(): void;
  problem(message: string): void;
  /** Leaves what was drawn last on the screen. Idempotent. */
  end(): void;
}

function createReporter(args: UpArgs, io: CliIo, clock: Clock): Reporter {
  // With --once standard output is the Pods alone, so that it can be piped.
  const output = args.once && args.output === 'text' ? io.stderr : io.stdout;
  const live = args.output === 'text' && output.isTTY === true ? liveTable(output, clock) : undefined;
  const tell = (text: string, event: object): void => {
    if (live !== undefined) live.say(text);
    else line(output, args.output === 'json' ? JSON.stringify(event) : text);
  };
  return {
    ready: (listener, kubeconfig) =>
      tell(`kybern: ${String(args.nodes)} ${args.runtime} nodes, API server at ${listener.url}\n        export KUBECONFIG=${kubeconfig}`, {
        type: 'ready',
        server: listener.url,
        kubeconfig,
      }),
    applied: ({ kind, object }, outcome) =>
      tell(`${kind.singular}/${object.metadata.name ?? ''} ${outcome}`, { type: 'applied', kind: kind.kind, name: object.metadata.name, outcome }),
    follow(follower) {
      if (live !== undefined) return live.follow(follower);
      return follower.onChange((change) => {
        const text = announce(change, clock.now());
        if (text !== undefined) tell(text, { type: 'change', change: change.type, kind: change.kind.kind, name: change.object.metadata.name, message: text });
      });
    },
    available: () => {
      live?.draw();
      if (args.output === 'json' || (live === undefined && !args.once)) tell('everything is available; Ctrl-C ends the cluster', { type: 'available' });
    },
    problem: (message) => (args.output === 'json' ? tell('', { type: 'problem', message }) : line(io.stderr, `kybern: ${message}`)),
    end: () => live?.end(),
  };
}

/** A table at the end of the output that is drawn anew as things change. */
interface LiveTable {
  follow(follower: RolloutFollower): () => void;
  /** Puts a line above the table. */
  say(text: string): void;
  draw(): void;
  end(): void;
}

function liveTable(output: CliIo['stdout'], clock: Clock): LiveTable {
  const log = createLogUpdate(output as unknown as NodeJS.WriteStream);
  let follower: RolloutFollower | undefined;
  let cancel: (() => void) | undefined;
  const draw = (): void => {
    if (follower === undefined) return;
    log(renderRollout(follower.state(), { nowMs: clock.now(), columns: output.columns ?? 120, rows: output.rows ?? 40 }));
  };
  const tick = (): void => {
    draw();
    cancel = clock.after(REDRAW_MS, tick, { background: true });
  };
  const end = (): void => {
    cancel?.();
    cancel = undefined;
    if (follower !== undefined) log.done();
    follower = undefined;
  };
  return {
    follow(of) {
      follower = of;
      tick();
      return end;
    },
    say(text) {
      log.persist(text);
      draw();
    },
    draw,
    end,
  };
}

function durationOf(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new CliError(`--timeout: "${text}" is not a duration, such as 60s or 2m`);
  }
}

function addressOf(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new CliError(`--listen: "${text}" is not HOST:PORT, such as 127.0.0.1:6443`);
  return { host: match[1] ?? (match[2] === '' || match[2] === undefined ? '127.0.0.1' : match[2]), port };
}

async function listenAt(cluster: Cluster, address: { readonly host: string; readonly port: number }, text: string): Promise<Listener> {
  try {
    return await cluster.listen(address);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: 'the port is in use; choose another, or 0 for any free one',
      EACCES: 'not permitted; ports below 1024 need privileges',
      EADDRNOTAVAIL: 'this machine has no such address',
      ENOTFOUND: 'there is no such host',
    };
    const reason = typeof code === 'string' ? reasons[code] : undefined;
    if (reason === undefined) throw error;
    throw new CliError(`cannot listen at ${text}: ${reason}`, { cause: error });
  }
}

function kubeconfigPath(args: UpArgs, io: CliIo): string {
  if (args.kubeconfig === undefined) return defaultKubeconfig(io);
  return isAbsolute(args.kubeconfig) ? args.kubeconfig : join(io.cwd, args.kubeconfig);
}

async function writeKubeconfig(file: string, text: string): Promise<void> {
  try {
    await writePrivately(file, text);
  } catch (error) {
    throw new CliError(`cannot write the kubeconfig ${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
