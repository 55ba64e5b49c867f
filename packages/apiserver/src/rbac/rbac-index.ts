import type { KubernetesObject } from '@kybern/core';
import type { ClusterRole, ClusterRoleBinding, PolicyRule, RoleBinding, RoleRef, Subject } from '@kybern/core/kinds';
import type { StateStore } from '@kybern/state';
import type { AuthorizationDecision } from '../authorization.ts';
import { followStore } from '../follow-store.ts';
import type { UserInfo } from '../request.ts';
import { compileRole, type CompiledRole } from './compiled-role.ts';

/** A role as bindings refer to it. It may not be there, or not any more. */
export interface RoleSlot {
  /** `clusterrole.rbac.authorization.k8s.io "view"`, for messages. */
  readonly title: string;
  role: CompiledRole | undefined;
  /** How many bindings refer to it. A slot without a role and without bindings is forgotten. */
  bindings: number;
}

/** What one binding gives to one of its subjects. */
export interface Grant {
  readonly slot: RoleSlot;
  /** The answer when the role allows it: it names the binding, and is made once. */
  readonly allow: AuthorizationDecision;
}

/** All that is bound to one user or group; by the binding's name. */
interface SubjectGrants {
  readonly cluster: Map<string, Grant>;
  readonly namespaced: Map<string, Map<string, Grant>>;
}

/** Who is bound to which role, found by user and group. It follows the store, change by change. */
export interface RbacIndex {
  /** Calls `fn` with each grant that counts for a user there, until it returns true. `namespace` undefined: at the cluster scope. */
  someGrant(user: UserInfo, namespace: string | undefined, fn: (grant: Grant) => boolean): boolean;
  /** The rules of a role, as they are now; undefined when it is not there. */
  rulesOf(ref: Pick<RoleRef, 'kind' | 'name'>, namespace: string | undefined): readonly PolicyRule[] | undefined;
  /** Lets go of the store. */
  close(): void;
}

const PREFIX = '/registry/rbac.authorization.k8s.io/';
const GROUP = 'rbac.authorization.k8s.io';

/**
 * Makes an {@link RbacIndex}. It reads the store on the first question, and before every other question what has changed since: an answer is never older
 * than the store.
 */
export function createRbacIndex(state: StateStore): RbacIndex {
  const tables: Tables = { roles: new Map(), bindings: new Map(), users: new Map(), groups: new Map() };
  const followed = followStore(state, PREFIX, {
    reset: () => [tables.roles, tables.bindings, tables.users, tables.groups].forEach((table) => table.clear()),
    apply: (key, value) => applyChange(tables, key, value),
  });
  return {
    someGrant(user, namespace, fn) {
      followed.catchUp();
      return someGrant(tables, { user, namespace }, fn);
    },
    rulesOf({ kind, name }, namespace) {
      followed.catchUp();
      return tables.roles.get(roleKey(kind, namespace, name))?.role?.rules;
    },
    close: () => followed.close(),
  };
}

/** Invariant: every subject of every known binding has a grant under it, and nobody else has. */
interface Tables {
  readonly roles: Map<string, RoleSlot>;
  /** The known bindings by their key in the store. */
  readonly bindings: Map<string, Binding>;
  readonly users: Map<string, SubjectGrants>;
  readonly groups: Map<string, SubjectGrants>;
}

type Binding = RoleBinding | ClusterRoleBinding;

function someGrant(tables: Tables, { user, namespace }: { user: UserInfo; namespace: string | undefined }, fn: (grant: Grant) => boolean): boolean {
  if (someOf(tables.users.get(user.username), namespace, fn)) return true;
  const groups = user.groups;
  if (groups === undefined) return false;
  for (let i = 0; i < groups.length; i++) if (someOf(tables.groups.get(groups[i] as string), namespace, fn)) return true;
  return false;
}

function someOf(grants: SubjectGrants | undefined, namespace: string | undefined, fn: (grant: Grant) => boolean): boolean {
  if (grants === undefined) return false;
  for (const grant of grants.cluster.values()) if (fn(grant)) return true;
  const here = namespace === undefined ? undefined : grants.namespaced.get(namespace);
  if (here !== undefined) for (const grant of here.values()) if (fn(grant)) return true;
  return false;
}

/** Takes in one change. `value` is undefined when the object is gone. */
function applyChange(tables: Tables, key: string, value: KubernetesObject | undefined): void {
  const [plural = '', ...rest] = key.slice(PREFIX.length).split('/');
  const name = rest.at(-1) ?? '';
  const namespace = rest.length > 1 ? rest[0] : undefined;
  switch (plural) {
    case 'roles':
    case 'clusterroles':
      putRole(tables, { kind: plural === 'roles' ? 'Role' : 'ClusterRole', namespace, name }, value as ClusterRole | undefined);
      return;
    case 'rolebindings':
    case 'clusterrolebindings':
      putBinding(tables, key, value as Binding | undefined);
      return;
    default:
  }
}

function putRole(tables: Tables, at: { kind: string; namespace: string | undefined; name: string }, object: ClusterRole | undefined): void {
  const key = roleKey(at.kind, at.namespace, at.name);
  const slot = slotOf(tables, key, at);
  slot.role = object === undefined ? undefined : compileRole(object.rules ?? []);
  forgetUnused(tables, key, slot);
}

function slotOf(tables: Tables, key: string, { kind, name }: { kind: string; name: string }): RoleSlot {
  let slot = tables.roles.get(key);
  if (slot === undefined) tables.roles.set(key, (slot = { title: `${kind.toLowerCase()}.${GROUP} ${JSON.stringify(name)}`, role: undefined, bindings: 0 }));
  return slot;
}

function forgetUnused(tables: Tables, key: string, slot: RoleSlot): void {
  if (slot.role === undefined && slot.bindings === 0) tables.roles.delete(key);
}

function roleKey(kind: string, namespace: string | undefined, name: string): string {
  return kind === 'ClusterRole' ? `/${name}` : `${namespace ?? ''}/${name}`;
}

function putBinding(tables: Tables, key: string, next: Binding | undefined): void {
  const previous = tables.bindings.get(key);
  if (previous !== undefined) removeBinding(tables, previous);
  if (next === undefined) tables.bindings.delete(key);
  else {
    tables.bindings.set(key, next);
    addBinding(tables, next);
  }
}

function addBinding(tables: Tables, binding: Binding): void {
  const { roleRef, metadata } = binding;
  const slot = slotOf(tables, roleKey(roleRef.kind, metadata.namespace, roleRef.name), roleRef);
  slot.bindings += 1;
  for (const subject of binding.subjects ?? []) {
    const found = subjectTable(tables, subject, metadata.namespace);
    if (found === undefined) continue;
    const [table, who] = found;
    let grants = table.get(who);
    if (grants === undefined) table.set(who, (grants = { cluster: new Map(), namespaced: new Map() }));
    const grant: Grant = { slot, allow: Object.freeze({ decision: 'Allow', reason: explain(binding, subject) }) };
    if (metadata.namespace === undefined) grants.cluster.set(metadata.name, grant);
    else {
      let here = grants.namespaced.get(metadata.namespace);
      if (here === undefined) grants.namespaced.set(metadata.namespace, (here = new Map()));
      here.set(metadata.name, grant);
    }
  }
}

function removeBinding(tables: Tables, { roleRef, metadata, subjects = [] }: Binding): void {
  const { name, namespace } = metadata;
  for (const subject of subjects) {
    const found = subjectTable(tables, subject, namespace);
    if (found === undefined) continue;
    const [table, who] = found;
    const grants = table.get(who);
    if (grants === undefined) continue;
    if (namespace === undefined) grants.cluster.delete(name);
    else {
      const here = grants.namespaced.get(namespace);
      here?.delete(name);
      if (here?.size === 0) grants.namespaced.delete(namespace);
    }
    if (grants.cluster.size === 0 && grants.namespaced.size === 0) table.delete(who);
  }
  const key = roleKey(roleRef.kind, namespace, roleRef.name);
  const slot = tables.roles.get(key);
  if (slot === undefined) return;
  slot.bindings -= 1;
  forgetUnused(tables, key, slot);
}

/** Where a subject is found: a ServiceAccount is a user by its long name. */
function subjectTable(
  tables: Tables,
  { kind, name, namespace = '' }: Subject,
  bindingNamespace: string | undefined,
): [Map<string, SubjectGrants>, string] | undefined {
  switch (kind) {
    case 'User':
      return [tables.users, name];
    case 'Group':
      return [tables.groups, name];
    case 'ServiceAccount': {
      const own = namespace === '' ? bindingNamespace : namespace;
      return own === undefined ? undefined : [tables.users, `system:serviceaccount:${own}:${name}`];
    }
    default:
      return undefined;
  }
}

/** @see kubernetes v1.36 pkg/registry/rbac/validation/rule.go (clusterRoleBindingDescriber, roleBindingDescriber) */
function explain({ roleRef, metadata }: Binding, subject: Subject): string {
  const binding = metadata.namespace === undefined ? `ClusterRoleBinding "${metadata.name}"` : `RoleBinding "${metadata.name}/${metadata.namespace}"`;
  const namespace = subject.namespace ?? metadata.namespace;
  const who = subject.kind === 'ServiceAccount' ? `ServiceAccount "${subject.name}/${namespace ?? ''}"` : `${subject.kind} "${subject.name}"`;
  return `RBAC: allowed by ${binding} of ${roleRef.kind} "${roleRef.name}" to ${who}`;
}
