import type { Kind, KubernetesObject } from '@kybern/core';
import { CustomResourceDefinition } from '@kybern/core/kinds';
import type { Environment } from '../environment.ts';
import { SYSTEM_USER } from '../request.ts';
import type { UpdateRules } from '../subresources/update-rules.ts';
import { deleteObject } from '../verbs/delete.ts';
import { applyUpdate } from '../verbs/update.ts';
import { asDefinition, isTrue } from './custom-kind.ts';
import { computeStatus, withCondition } from './definition/status.ts';
import { CLEANUP_FINALIZER } from './definition-strategy.ts';
import { DEFINITIONS_PREFIX, prefixOf } from './definitions.ts';

/** Keeps the definitions of a server going: settles names that became free, and removes the objects of definitions that are deleted. */
export interface DefinitionController {
  /** Looks at all definitions again, soon. */
  wake(): void;
  close(): void;
}

const RETRY_MS = 1000;
/** The system writes what the rules for clients would put back. */
const UNRULED: UpdateRules = { strategy: undefined, reserves: false, prepare: () => undefined, validate: () => undefined };

/**
 * Makes a {@link DefinitionController}. Several servers over one store may each have one: every write is bound to the state that it was decided on.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiextensions-apiserver/pkg/controller/status, …/controller/finalizer/crd_finalizer.go
 */
export function createDefinitionController(env: Environment): DefinitionController {
  let closed = false;
  let running = false;
  let again = false;
  let cancelRetry = (): void => undefined;
  /** Invariant: one watch for each definition that waits for its objects to go. */
  const waiting = new Map<string, { unsubscribe(): void }>();
  const run = async (): Promise<void> => {
    running = true;
    while (again && !closed) {
      again = false;
      await runOnce(env, { isClosed: () => closed, waitFor });
    }
    running = false;
  };
  const wake = (): void => {
    again = true;
    if (running || closed) return;
    // What it has to load is announced one by one: a load that waits for another would wait for ever.
    run().catch((error: unknown) => {
      running = false;
      if (closed) return;
      env.logger.error('custom resource definitions could not be looked after', { error: error instanceof Error ? error.message : String(error) });
      cancelRetry = env.clock.after(RETRY_MS, wake, { background: true });
    });
  };
  const waitFor = (prefix: string, wait: boolean): void => {
    if (wait === waiting.has(prefix)) return;
    if (wait) waiting.set(prefix, env.state.watch(prefix, env.state.revision).subscribe({ next: wake, error: wake }));
    else {
      waiting.get(prefix)?.unsubscribe();
      waiting.delete(prefix);
    }
  };
  return {
    wake,
    close() {
      closed = true;
      cancelRetry();
      for (const prefix of [...waiting.keys()]) waitFor(prefix, false);
    },
  };
}

interface Round {
  isClosed(): boolean;
  /** Whether to look again when something under `prefix` changes. */
  waitFor(prefix: string, wait: boolean): void;
}

async function runOnce(env: Environment, round: Round): Promise<void> {
  const waitedFor = new Set<string>();
  for (const definition of env.definitions.list()) {
    if (round.isClosed()) return;
    const { deletionTimestamp, finalizers = [] } = definition.metadata;
    if (deletionTimestamp === undefined) await settleNames(env, definition);
    else if (finalizers.includes(CLEANUP_FINALIZER)) {
      const prefix = prefixOf(definition);
      // Before looking, so that nothing that goes meanwhile is missed.
      round.waitFor(prefix, true);
      if (await removeObjects(env, definition)) await release(env, definition);
      else waitedFor.add(prefix);
      if (!waitedFor.has(prefix)) round.waitFor(prefix, false);
    }
  }
}

async function settleNames(env: Environment, definition: CustomResourceDefinition): Promise<void> {
  const next = (old: CustomResourceDefinition): CustomResourceDefinition['status'] =>
    computeStatus({ definition: old, taken: env.definitions.takenNames(old), now: env.formatTime(env.clock.now()) });
  if (next(definition) === definition.status) return;
  await writeDefinition(env, definition, (old) => {
    const status = next(old);
    return status === old.status ? old : ({ ...old, status } as CustomResourceDefinition);
  });
}

/** @returns whether none is left */
async function removeObjects(env: Environment, definition: CustomResourceDefinition): Promise<boolean> {
  if (!isTrue(definition, 'Established')) return true;
  const { group, names } = definition.spec;
  const prefix = prefixOf(definition);
  const kind = env.kinds.list().find((each) => each.group === group && each.plural === names.plural);
  const { records } = await env.state.range(prefix);
  if (records.length === 0) return true;
  await setTerminating(env, definition, { status: 'True', reason: 'InstanceDeletionInProgress', message: 'CustomResource deletion is in progress' });
  if (kind === undefined) {
    // No version is served, so there is nobody whom finalizers could tell.
    await env.state.commit(records.map(({ key, modRevision }) => ({ key, value: undefined, expect: modRevision })));
    return true;
  }
  for (const { value } of records) if (value.metadata.deletionTimestamp === undefined) await removeObject(env, kind, value);
  return (await env.state.range(prefix, { limit: 1 })).records.length === 0;
}

async function removeObject(env: Environment, kind: Kind, { metadata }: KubernetesObject): Promise<void> {
  const { namespace, name } = metadata;
  const resource = env.resource(kind);
  if (resource.model === undefined) await resource.loadModel();
  try {
    await deleteObject(env, resource, { verb: 'delete', kind, namespace, name, user: SYSTEM_USER });
  } catch (error) {
    // Somebody else was first.
    if ((error as { readonly reason?: string }).reason !== 'NotFound') throw error;
  }
}

async function release(env: Environment, definition: CustomResourceDefinition): Promise<void> {
  const condition = isTrue(definition, 'Established')
    ? { status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' }
    : { status: 'False', reason: 'NeverEstablished', message: 'resource was never established' };
  await writeDefinition(env, definition, (old) => ({
    ...terminating(env, old, condition),
    metadata: { ...old.metadata, finalizers: (old.metadata.finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP_FINALIZER) },
  }));
}

interface TerminatingCondition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

async function setTerminating(env: Environment, definition: CustomResourceDefinition, condition: TerminatingCondition): Promise<void> {
  const present = definition.status?.conditions?.find(({ type }) => type === 'Terminating');
  if (present?.reason !== condition.reason) await writeDefinition(env, definition, (old) => terminating(env, old, condition));
}

function terminating(env: Environment, old: CustomResourceDefinition, condition: TerminatingCondition): CustomResourceDefinition {
  const now = env.formatTime(env.clock.now());
  return { ...old, status: { ...old.status, conditions: withCondition(old.status?.conditions ?? [], { type: 'Terminating', ...condition }, now) } };
}

type Change = (old: CustomResourceDefinition) => CustomResourceDefinition;

async function writeDefinition(env: Environment, { metadata: { name } }: CustomResourceDefinition, change: Change): Promise<void> {
  const kind = CustomResourceDefinition as Kind;
  if ((await env.state.get(DEFINITIONS_PREFIX + name)) === undefined) return;
  await applyUpdate(env, env.resource(kind), {
    request: { verb: 'patch', kind, name, user: SYSTEM_USER },
    rules: UNRULED,
    entry: () => ({ type: 'system' }),
    propose: (old) => change(asDefinition(old)),
  });
}
