import type { PolicyRule } from '@kybern/core/kinds';
import type { StateStore } from '@kybern/state';
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from '../authorization.ts';
import type { UserInfo } from '../request.ts';
import { roleAllows, type Wanted } from './compiled-role.ts';
import { createRbacIndex, type Grant, type RbacIndex } from './rbac-index.ts';

/** The rules that count for a user, and the roles that bindings name and that are not there, as sentences. */
export interface ResolvedRules {
  readonly rules: readonly PolicyRule[];
  readonly problems: readonly string[];
}

/** Decides by the Roles and bindings in the store. */
export interface RbacAuthorizer extends Authorizer {
  /** Answers at once: what it needs is in memory. */
  authorize(attributes: AuthorizationAttributes): AuthorizationDecision;
  /** All rules that count for a user in a namespace; undefined: at the cluster scope. */
  rulesFor(user: UserInfo, namespace: string | undefined): ResolvedRules;
  /** The rules of one role; undefined when it is not there. `namespace` is that of the binding. */
  rulesOf: RbacIndex['rulesOf'];
  close(): void;
}

const NO_OPINION: AuthorizationDecision = Object.freeze({ decision: 'NoOpinion' });

/**
 * An authorizer over the RBAC objects of a store. A question costs about a microsecond, however many bindings there are: it looks only at those of the
 * user and of the user's groups.
 *
 * @see kubernetes v1.36 plugin/pkg/auth/authorizer/rbac/rbac.go
 */
export function createRbacAuthorizer(state: StateStore): RbacAuthorizer {
  const index = createRbacIndex(state);
  return {
    authorize(attributes) {
      const wanted = wantedOf(attributes);
      let allow: AuthorizationDecision | undefined;
      let missing = false;
      index.someGrant(attributes.user, attributes.namespace, (grant) => {
        const { role } = grant.slot;
        if (role === undefined) missing = true;
        else if (roleAllows(role, wanted)) allow = grant.allow;
        return allow !== undefined;
      });
      if (allow !== undefined) return allow;
      return missing ? { decision: 'NoOpinion', reason: `RBAC: ${aggregate(resolve(index, attributes.user, attributes.namespace).problems)}` } : NO_OPINION;
    },
    rulesFor: (user, namespace) => resolve(index, user, namespace),
    rulesOf: (ref, namespace) => index.rulesOf(ref, namespace),
    close: () => index.close(),
  };
}

function wantedOf({ verb, group, resource, subresource, name = '', path }: AuthorizationAttributes): Wanted {
  if (subresource === undefined) return { verb, group, resource, anyWithSubresource: '', name, path };
  return { verb, group, resource: `${resource}/${subresource}`, anyWithSubresource: `*/${subresource}`, name, path };
}

function resolve(index: RbacIndex, user: UserInfo, namespace: string | undefined): ResolvedRules {
  const rules: PolicyRule[] = [];
  const problems = new Set<string>();
  index.someGrant(user, namespace, ({ slot }: Grant) => {
    if (slot.role === undefined) problems.add(`${slot.title} not found`);
    else rules.push(...slot.role.rules);
    return false;
  });
  return { rules, problems: [...problems] };
}

/** Several errors in one text, as Go's aggregates print them. */
export function aggregate(problems: readonly string[]): string {
  return problems.length === 1 ? (problems[0] as string) : `[${problems.join(', ')}]`;
}
