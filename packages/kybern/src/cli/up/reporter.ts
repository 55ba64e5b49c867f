import type { Listener } from '@kybern/apiserver';
import type { Clock } from '@kybern/core';
import { createLogUpdate } from 'log-update';
import type { IngressPlace } from '../../network/ingress.ts';
import { line, type CliIo } from '../io.ts';
import type { LoadedManifest } from '../manifests.ts';
import { describeLocation, type StateLocation } from '../state-location.ts';
import { announce } from './announce.ts';
import type { RolloutFollower } from './follow-rollout.ts';
import { renderRollout } from './rollout-view.ts';

/** Of the command, what decides how it is told. */
export interface ReporterOptions {
  readonly once: boolean;
  readonly output: 'text' | 'json';
}

/** How often the live table is drawn anew at most, and how often its ages advance. */
const REDRAW_MS = 200;

const describeIngress = (ingress: IngressPlace | undefined): string =>
  ingress === undefined ? '' : `\n        Ingresses: http://${ingress.host}:${String(ingress.port)} and https://${ingress.host}:${String(ingress.tlsPort)}`;

/** What there is once the cluster runs. */
interface Ready {
  readonly listener: Listener;
  readonly kubeconfig: string;
  readonly state: StateLocation;
  readonly nodes: string;
  readonly ingress: IngressPlace | undefined;
}

/** Tells how it goes: a live table in a terminal, lines elsewhere, JSON lines for programs. */
export interface Reporter {
  ready(what: Ready): void;
  applied(manifest: LoadedManifest, outcome: string): void;
  follow(follower: RolloutFollower): () => void;
  available(): void;
  problem(message: string): void;
  /** Leaves what was drawn last on the screen. Idempotent. */
  end(): void;
}

/** Makes the {@link Reporter} that the options and the output ask for. */
export function createReporter(args: ReporterOptions, io: CliIo, clock: Clock): Reporter {
  // With --once standard output is the Pods alone, so that it can be piped.
  const output = args.once && args.output === 'text' ? io.stderr : io.stdout;
  const live = args.output === 'text' && output.isTTY === true ? liveTable(output, clock) : undefined;
  const tell = (text: string, event: object): void => {
    if (live !== undefined) live.say(text);
    else line(output, args.output === 'json' ? JSON.stringify(event) : text);
  };
  return {
    ready: ({ listener, kubeconfig, state, nodes, ingress }) =>
      tell(
        `kybern: ${nodes}, API server at ${listener.url}\n        export KUBECONFIG=${kubeconfig}\n        state: ${describeLocation(state)}${describeIngress(ingress)}`,
        {
          type: 'ready',
          server: listener.url,
          kubeconfig,
          nodes,
          ...(ingress === undefined
            ? {}
            : { ingress: `http://${ingress.host}:${String(ingress.port)}`, ingressTls: `https://${ingress.host}:${String(ingress.tlsPort)}` }),
          state: state.type === 'file' ? `file:${state.directory}` : state.type === 'etcd' ? `etcd:${state.endpoints.join(',')}` : 'memory',
        },
      ),
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
