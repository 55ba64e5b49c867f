import { isApiError, type MutableJson } from '@kybern/core';
import type { PolicyRule } from '@kybern/core/kinds';
import type { AuthorizationAttributes } from '../authorization.ts';
import { badRequest } from '../errors.ts';
import type { UserInfo } from '../request.ts';
import type { Strategy, WriteContext } from '../strategy.ts';

/** Who am I? @see kubernetes v1.36 pkg/registry/authentication/selfsubjectreview/rest.go */
export const selfSubjectReviewStrategy: Strategy = {
  answer: (object, { request: { user } }) => ({ ...object, status: { userInfo: user } }),
};

/** Whose token is this? @see kubernetes v1.36 pkg/registry/authentication/tokenreview/storage.go */
export const tokenReviewStrategy: Strategy = {
  async answer(object, { env }) {
    const { token = '', audiences = [] } = object.spec as { token?: string; audiences?: readonly string[] };
    if (token === '') throw badRequest('token is required for TokenReview in authentication');
    const wanted = audiences.length === 0 ? env.tokens.audiences : audiences;
    try {
      const found = await env.authenticator.authenticate({ token }, { audiences: wanted });
      if (found === undefined) return { ...object, status: { user: {} } };
      return { ...object, status: { authenticated: true, user: found.user, audiences: found.audiences ?? wanted } };
    } catch (error) {
      if (!isApiError(error) || error.reason !== 'Unauthorized') throw error;
      return { ...object, status: { user: {}, error: error.message } };
    }
  },
};

/** May I? @see kubernetes v1.36 pkg/registry/authorization/selfsubjectaccessreview/rest.go */
export const selfSubjectAccessReviewStrategy: Strategy = {
  answer: (object, context) => review(object, context.request.user, context),
};

/** May they? @see kubernetes v1.36 pkg/registry/authorization/subjectaccessreview/rest.go */
export const subjectAccessReviewStrategy: Strategy = {
  answer: (object, context) => review(object, subjectOf(object), context),
};

/** May they, in this namespace? @see kubernetes v1.36 pkg/registry/authorization/localsubjectaccessreview/rest.go */
export const localSubjectAccessReviewStrategy: Strategy = {
  answer(object, context) {
    const { namespace = 'default' } = object.metadata as { namespace?: string };
    const inside = object.spec.resourceAttributes?.namespace;
    if (inside !== undefined && inside !== namespace) throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
    if (object.spec.resourceAttributes === undefined) throw badRequest('spec.resourceAttributes must be specified');
    const spec = { ...object.spec, resourceAttributes: { ...object.spec.resourceAttributes, namespace } };
    return review({ ...object, spec }, subjectOf(object), context);
  },
};

/** What may I, in this namespace? @see kubernetes v1.36 pkg/registry/authorization/selfsubjectrulesreview/rest.go */
export const selfSubjectRulesReviewStrategy: Strategy = {
  answer(object, { env, request }) {
    const { namespace = '' } = object.spec as { namespace?: string };
    if (namespace === '') throw badRequest('no namespace on request');
    const { rules, problems } = env.rbac.rulesFor(request.user, namespace);
    const all = [...privileges(request.user), ...rules];
    const status = {
      resourceRules: all.filter(({ resources = [] }) => resources.length > 0).map(({ nonResourceURLs: _, ...rule }) => rule),
      nonResourceRules: all.flatMap(({ nonResourceURLs = [], verbs }) => (nonResourceURLs.length > 0 ? [{ verbs, nonResourceURLs }] : [])),
      incomplete: problems.length > 0,
      ...(problems.length === 0 ? {} : { evaluationError: problems.join(', ') }),
    };
    return { ...object, status };
  },
};

const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** Members of `system:masters` may do everything without a rule that says so. */
function privileges({ groups = [] }: UserInfo): readonly PolicyRule[] {
  return groups.includes('system:masters') ? EVERYTHING : [];
}

function subjectOf({ spec }: MutableJson): UserInfo {
  const { user = '', uid, groups = [], extra } = spec;
  if (user === '' && groups.length === 0) throw badRequest('spec.user: at least one of user or group must be specified');
  return { username: user, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) };
}

async function review(object: MutableJson, user: UserInfo, context: WriteContext): Promise<MutableJson> {
  const { allowed, denied, reason } = await decide(object.spec, user, context);
  return { ...object, status: { allowed, ...(denied ? { denied } : {}), ...(reason === undefined ? {} : { reason }) } };
}

async function decide(spec: MutableJson, user: UserInfo, { env }: WriteContext): Promise<{ allowed: boolean; denied: boolean; reason: string | undefined }> {
  const { resourceAttributes: resource, nonResourceAttributes: other } = spec;
  if ((resource === undefined) === (other === undefined))
    throw badRequest('spec: exactly one of nonResourceAttributes or resourceAttributes must be specified');
  const attributes: AuthorizationAttributes = {
    user,
    verb: (resource ?? other).verb ?? '',
    group: resource?.group ?? '',
    version: resource?.version ?? '',
    resource: resource?.resource ?? '',
    subresource: textOrNone(resource?.subresource),
    namespace: textOrNone(resource?.namespace),
    name: textOrNone(resource?.name),
    path: other?.path,
  };
  const { decision, reason } = await env.authorizer.authorize(attributes);
  return { allowed: decision === 'Allow', denied: decision === 'Deny', reason };
}

function textOrNone(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
