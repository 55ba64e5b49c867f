import { deepEqual, notFound, type MutableJson } from '@kybern/core';
import { ClusterRole, Role, type PolicyRule, type RoleBinding } from '@kybern/core/kinds';
import { forbidden, type AuthorizationAttributes } from '../authorization.ts';
import { describeRules, quoteList, uncoveredRules } from '../rbac/escalation.ts';
import type { WriteContext } from '../strategy.ts';

const GROUP = 'rbac.authorization.k8s.io';
const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/**
 * A role may only grant what its author may do, or whoever may `escalate` it writes it.
 *
 * @throws {ApiError} `Forbidden`
 * @see kubernetes v1.36 pkg/registry/rbac/clusterrole/policybased/storage.go, pkg/registry/rbac/escalation_check.go
 */
export function checkRole(object: MutableJson, old: MutableJson | undefined, context: WriteContext): void | Promise<void> {
  const { rules = [], aggregationRule } = object as ClusterRole;
  if (mayAnything(context) || (old !== undefined && deepEqual(rules, old.rules ?? []) && deepEqual(aggregationRule, old.aggregationRule))) return;
  const { kind } = context.resource;
  const attributes = attributesOf(context, { verb: 'escalate', resource: kind.plural, namespace: object.metadata.namespace, name: old?.metadata.name });
  return unlessAllowed(context, attributes, () => {
    if (aggregationRule !== undefined && uncovered(context, object.metadata.namespace, EVERYTHING).length > 0)
      throw forbidden({ kind, name: object.metadata.name }, 'must have cluster-admin privileges to use the aggregationRule');
    confirmNoEscalation(object, rules, context);
  });
}

/**
 * A binding may only give what its author has, unless the author may `bind` the role.
 *
 * @throws {ApiError} `Forbidden`, `NotFound` for the role
 * @see kubernetes v1.36 pkg/registry/rbac/rolebinding/policybased/storage.go
 */
export function checkBinding(object: MutableJson, old: MutableJson | undefined, context: WriteContext): void | Promise<void> {
  if (mayAnything(context) || (old !== undefined && deepEqual(object.roleRef, old.roleRef) && deepEqual(object.subjects, old.subjects))) return;
  const { roleRef } = object as RoleBinding;
  const { namespace } = object.metadata as { namespace?: string };
  const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  return unlessAllowed(context, attributesOf(context, { verb: 'bind', resource, namespace, name: roleRef.name }), () => {
    const rules = context.env.rbac.rulesOf(roleRef, namespace);
    if (rules === undefined) throw notFound(roleRef.kind === 'ClusterRole' ? ClusterRole : Role, roleRef.name);
    confirmNoEscalation(object, rules, context);
  });
}

function mayAnything({ request: { user } }: WriteContext): boolean {
  return user.groups?.includes('system:masters') === true;
}

type Attempt = Pick<AuthorizationAttributes, 'verb' | 'resource' | 'namespace' | 'name'>;

function attributesOf({ request: { user } }: WriteContext, attempt: Attempt): AuthorizationAttributes {
  return { user, group: GROUP, version: '*', subresource: undefined, path: undefined, ...attempt };
}

function unlessAllowed({ env }: WriteContext, attributes: AuthorizationAttributes, otherwise: () => void): void | Promise<void> {
  const answer = env.authorizer.authorize(attributes);
  if (answer instanceof Promise) return answer.then(({ decision }) => (decision === 'Allow' ? undefined : otherwise()));
  if (answer.decision !== 'Allow') otherwise();
}

function uncovered({ env, request: { user } }: WriteContext, namespace: string | undefined, wanted: readonly PolicyRule[]): PolicyRule[] {
  return uncoveredRules(env.rbac.rulesFor(user, namespace).rules, wanted);
}

/** @throws {ApiError} `Forbidden` with what the author does not have */
function confirmNoEscalation(object: MutableJson, wanted: readonly PolicyRule[], context: WriteContext): void {
  const { namespace, name } = object.metadata as { namespace?: string; name: string };
  const missing = uncovered(context, namespace, wanted);
  if (missing.length === 0) return;
  const { user } = context.request;
  const { problems } = context.env.rbac.rulesFor(user, namespace);
  const errors = problems.length === 0 ? '' : `; resolution errors: [${problems.join(', ')}]`;
  const who = `user ${JSON.stringify(user.username)} (groups=${quoteList(user.groups ?? [])})`;
  throw forbidden(
    { kind: context.resource.kind, name },
    `${who} is attempting to grant RBAC permissions not currently held:\n${describeRules(missing)}${errors}`,
  );
}
