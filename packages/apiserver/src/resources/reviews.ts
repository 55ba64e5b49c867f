import type { MutableJson } from '@kybern/core';
import type { AuthorizationAttributes, AuthorizationDecision } from '../authorization.ts';
import { badRequest } from '../errors.ts';
import type { UserInfo } from '../request.ts';
import type { Strategy, WriteContext } from '../strategy.ts';

/** Who am I? @see kubernetes v1.36 pkg/registry/authentication/selfsubjectreview/rest.go */
export const selfSubjectReviewStrategy: Strategy = {
  answer: (object, { request: { user } }) => ({ ...object, status: { userInfo: user } }),
};

/** Whose token is this? Nothing issues tokens yet, so it is nobody's. */
export const tokenReviewStrategy: Strategy = {
  answer: (object) => ({ ...object, status: { authenticated: false, error: 'no authenticator knows this token' } }),
};

/** May I? @see kubernetes v1.36 pkg/registry/authorization/selfsubjectaccessreview/rest.go */
export const selfSubjectAccessReviewStrategy: Strategy = {
  answer: (object, context) => review(object, context.request.user, context),
};

/** May they? In both forms, for all namespaces and for one. @see kubernetes v1.36 pkg/registry/authorization/subjectaccessreview/rest.go */
export const subjectAccessReviewStrategy: Strategy = {
  answer(object, context) {
    const { user = '', uid, groups = [], extra } = object.spec;
    if (user === '' && groups.length === 0) throw badRequest('spec.user: at least one of user or group must be specified');
    const subject: UserInfo = { username: user, groups, ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) };
    return review(object, subject, context);
  },
};

/** What may I? The rules of the authorizer are not known one by one, so this tells only whether it is everything. */
export const selfSubjectRulesReviewStrategy: Strategy = {
  async answer(object, context) {
    const everything = { namespace: object.spec.namespace, verb: '*', group: '*', resource: '*' };
    const { allowed } = await decide({ resourceAttributes: everything }, context.request.user, context);
    const rules = allowed
      ? { resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] }
      : { resourceRules: [], nonResourceRules: [] };
    return { ...object, status: { ...rules, incomplete: !allowed } };
  },
};

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
  const { decision, reason }: AuthorizationDecision = await env.authorizer.authorize(attributes);
  return { allowed: decision === 'Allow', denied: decision === 'Deny', reason };
}

function textOrNone(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
