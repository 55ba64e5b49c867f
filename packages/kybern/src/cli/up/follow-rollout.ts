import type { Client, Clock, Kind, KubernetesObject } from '@kybern/core';
import { keyOf } from '@kybern/core';
import { Deployment, Event, Pod, ReplicaSet, Service } from '@kybern/core/kinds';
import { createInformer, type Informer } from '@kybern/reconcile';
import type { LoadedManifest } from '../manifests.ts';
import { podTrouble, waitingFor } from './availability.ts';
import type { RolloutState } from './rollout-view.ts';

/** Follows applied manifests until they are available, and on. */
export interface RolloutFollower {
  /** What there is now. */
  state(): RolloutState;
  /** Applied objects that are not what their manifests ask for, each with the reason; empty when all is available. */
  waiting(): readonly string[];
  /** Calls `fn` after each change; returns what ends that. */
  onChange(fn: (change: RolloutChange) => void): () => void;
  run(signal: AbortSignal): Promise<void>;
  readonly synced: Promise<unknown>;
}

/** One change of something that is shown. */
export interface RolloutChange {
  readonly type: 'added' | 'updated' | 'deleted';
  readonly kind: Kind;
  readonly object: KubernetesObject;
  readonly old: KubernetesObject | undefined;
}

/** Makes a {@link RolloutFollower} of some applied manifests. */
export function followRollout(client: Client, manifests: readonly LoadedManifest[], clock: Clock): RolloutFollower {
  const shown = [Deployment, ReplicaSet, Pod, Service, Event] as const;
  const informers = new Map<Kind, Informer<KubernetesObject>>();
  for (const kind of new Set<Kind>([...shown, ...manifests.map((manifest) => manifest.kind)])) informers.set(kind, createInformer({ client, kind, clock }));
  const list = <T extends KubernetesObject>(kind: Kind<T>): readonly T[] => (informers.get(kind)?.list() ?? []) as readonly T[];
  const recent = followEvents(informers.get(Event) as Informer<KubernetesObject> as Informer<Event>);
  const find = (manifest: LoadedManifest): KubernetesObject | undefined => informers.get(manifest.kind)?.get(keyIn(manifest));
  return {
    state: () => rolloutState(manifests, list, recent.events()),
    waiting: () =>
      manifests.flatMap((manifest) => {
        const why = waitingFor(find(manifest));
        return why === undefined ? [] : [`${manifest.kind.singular}/${manifest.object.metadata.name ?? ''}: ${why}${troubles(manifest, list(Pod))}`];
      }),
    onChange(fn) {
      const subscriptions = [...informers].map(([kind, informer]) =>
        informer.events$.subscribe((event) => fn({ type: event.type, kind, object: event.object, old: event.type === 'updated' ? event.old : undefined })),
      );
      return () => {
        for (const subscription of subscriptions) subscription.unsubscribe();
      };
    },
    synced: Promise.all([...informers.values()].map((informer) => informer.synced)),
    async run(signal) {
      await Promise.all([...informers.values()].map((informer) => informer.run(signal)));
      recent.stop();
    },
  };
}

function keyIn({ kind, object }: LoadedManifest): string {
  const { name = '', namespace } = object.metadata;
  return kind.scope === 'Cluster' ? name : `${namespace ?? 'default'}/${name}`;
}

const EVENTS_KEPT = 50;

/** The events that came or came again last, oldest first: their own times are whole seconds, which says too little of their order. */
function followEvents(informer: Informer<Event>): { events(): readonly Event[]; stop(): void } {
  const recent = new Map<string, Event>();
  const subscription = informer.events$.subscribe(({ type, object }) => {
    const key = keyOf(object);
    recent.delete(key);
    if (type === 'deleted') return;
    recent.set(key, object);
    if (recent.size > EVENTS_KEPT) for (const oldest of recent.keys()) return void recent.delete(oldest);
  });
  return { events: () => [...recent.values()], stop: () => subscription.unsubscribe() };
}

type Lister = <T extends KubernetesObject>(kind: Kind<T>) => readonly T[];

function rolloutState(manifests: readonly LoadedManifest[], list: Lister, events: readonly Event[]): RolloutState {
  const applied = new Set(manifests.map((manifest) => `${manifest.kind.kind} ${keyIn(manifest)}`));
  const isApplied = (object: KubernetesObject): boolean => applied.has(`${object.kind} ${keyOf(object)}`);
  const namespaces = new Set(manifests.map((manifest) => manifest.object.metadata.namespace ?? 'default'));
  const inReach = (object: KubernetesObject): boolean => namespaces.has(object.metadata.namespace ?? '');
  return {
    deployments: list(Deployment).filter(isApplied),
    replicaSets: list(ReplicaSet).filter(inReach),
    pods: list(Pod).filter(inReach),
    services: list(Service).filter(isApplied),
    events: events.filter(inReach),
  };
}

/** What keeps the Pods that a workload selects from being ready, each trouble once. */
function troubles({ object, kind }: LoadedManifest, pods: readonly Pod[]): string {
  const selector = (object as { spec?: { selector?: { matchLabels?: Record<string, string> } } }).spec?.selector?.matchLabels;
  if (kind.kind === 'Service' || selector === undefined) return '';
  const own = pods.filter((pod) => Object.entries(selector).every(([key, value]) => pod.metadata.labels?.[key] === value));
  const told = new Set(own.flatMap((pod) => podTrouble(pod) ?? []));
  return told.size === 0 ? '' : ` (${[...told].join('; ')})`;
}
