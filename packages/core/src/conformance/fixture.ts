import type { Observable } from 'rxjs';
import type { ApiError } from '../api-error.ts';
import type { Client, WatchEvent } from '../client.ts';
import type { KubernetesObject, ObjectInput } from '../object.ts';
import { ConfigMap, type Deployment, type Pod } from '../kinds/index.ts';

/** What an implementation gives the suite for one test: a client of a server that nobody else writes to. */
export interface ClientFixture extends AsyncDisposable {
  readonly client: Client;
  /** Another client of the same server, such as one over HTTP beside one in process. Tests that need two do without by default. */
  readonly otherClient?: Client;
  /** Makes the server forget its history up to now, so that older revisions are expired. Without it the tests of `Expired` are skipped. */
  compact?(): Promise<void>;
}

/** What a test works with. */
export interface ConformanceContext {
  readonly client: Client;
  readonly otherClient: Client;
  readonly compact: (() => Promise<void>) | undefined;
  /** A namespace that was made for this test. */
  readonly namespace: string;
}

/** One requirement of the contract of `Client`. */
export interface ConformanceCase {
  /** A sentence of behaviour; also the key under which it can be skipped. */
  readonly name: string;
  /** It needs {@link ClientFixture.compact}. */
  readonly needsCompact?: boolean;
  run(context: ConformanceContext): Promise<void>;
}

/** A ConfigMap to create. */
export function configMap(
  { namespace }: { readonly namespace: string },
  name: string,
  more: Partial<Pick<ConfigMap, 'data'>> & { readonly labels?: Readonly<Record<string, string>> } = {},
): ObjectInput<ConfigMap> {
  const { labels, data = { k: 'v' } } = more;
  return { metadata: { name, namespace, ...(labels === undefined ? {} : { labels }) }, data };
}

/** A Pod to create. */
export function pod({ namespace }: { readonly namespace: string }, name: string, spec: Partial<Pod['spec']> = {}): ObjectInput<Pod> {
  return { metadata: { name, namespace }, spec: { containers: [{ name: 'main', image: 'registry.example/main:1' }], ...spec } };
}

/** A Deployment to create. */
export function deployment({ namespace }: { readonly namespace: string }, name: string): ObjectInput<Deployment> {
  const labels = { app: name };
  const containers = [{ name: 'main', image: 'registry.example/main:1' }];
  return { metadata: { name, namespace }, spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } } };
}

/** The error that a call rejects with. */
export async function rejection(call: Promise<unknown>): Promise<ApiError> {
  let result: unknown;
  try {
    result = await call;
  } catch (error) {
    return error as ApiError;
  }
  throw new Error(`expected a rejection, got ${JSON.stringify(result)}`);
}

/** Names of objects, in their order. */
export const names = (objects: Iterable<KubernetesObject>): string[] => [...objects].map((object) => object.metadata.name);

/** A watch under observation. Disposing it unsubscribes. */
export interface Recording<T extends KubernetesObject> extends Disposable {
  readonly events: readonly WatchEvent<T>[];
  /** Resolves as soon as there are so many events; rejects when the watch ends before. */
  take(count: number): Promise<readonly WatchEvent<T>[]>;
  /** Resolves as soon as an event is such; rejects when the watch ends before. */
  until(matches: (event: WatchEvent<T>) => boolean): Promise<readonly WatchEvent<T>[]>;
  /** Resolves when the watch ends: with its error, or with undefined when it completes. */
  readonly ended: Promise<unknown>;
}

/** Subscribes to a watch and keeps what comes. */
export function record<T extends KubernetesObject>(watch: Observable<WatchEvent<T>>): Recording<T> {
  const events: WatchEvent<T>[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const check of [...waiting]) check();
  };
  const end = Promise.withResolvers<unknown>();
  let over = false;
  const finish = (error?: unknown): void => {
    over = true;
    end.resolve(error);
    wake();
  };
  const subscription = watch.subscribe({
    next: (event) => {
      events.push(event);
      wake();
    },
    error: finish,
    complete: finish,
  });
  const when = (ready: () => boolean): Promise<readonly WatchEvent<T>[]> => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly WatchEvent<T>[]>();
    const check = (): void => {
      if (ready()) resolve(events);
      else if (over) void end.promise.then((cause) => reject(new Error(`the watch ended after ${events.length} events`, { cause })));
      else return;
      waiting.delete(check);
    };
    waiting.add(check);
    check();
    return promise;
  };
  return {
    events,
    take: (count) => when(() => events.length >= count),
    until: (matches) => when(() => events.some(matches)),
    ended: end.promise,
    [Symbol.dispose]: () => subscription.unsubscribe(),
  };
}

/** Events as short texts: `ADDED a`. */
export function summary(events: readonly WatchEvent<KubernetesObject>[]): string[] {
  return events.map((event) => (event.type === 'BOOKMARK' ? 'BOOKMARK' : `${event.type} ${event.object.metadata.name}`));
}

/** Whether an event is about the object of that name. */
export const named =
  (name: string) =>
  (event: WatchEvent<KubernetesObject>): boolean =>
    event.type !== 'BOOKMARK' && event.object.metadata.name === name;

/** The revision from which a watch sees all that the test does from now on. */
export async function revisionNow({ client, namespace }: ConformanceContext): Promise<string> {
  return (await client.list(ConfigMap, { namespace })).metadata.resourceVersion ?? '';
}
