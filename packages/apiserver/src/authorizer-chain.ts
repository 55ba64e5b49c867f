import type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from './authorization.ts';

const NO_OPINION: AuthorizationDecision = Object.freeze({ decision: 'NoOpinion' });

/**
 * Asks several authorizers, in their order, until one has an opinion. Answers at once as long as they do.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/authorization/union/union.go
 */
export function chainAuthorizers(...authorizers: readonly Authorizer[]): Authorizer {
  const askFrom = (first: number, attributes: AuthorizationAttributes, reasons: string): AuthorizationDecision | Promise<AuthorizationDecision> => {
    let heard = reasons;
    for (let i = first; i < authorizers.length; i++) {
      const answer = (authorizers[i] as Authorizer).authorize(attributes);
      if (answer instanceof Promise) {
        return answer.then((late) => (late.decision === 'NoOpinion' ? askFrom(i + 1, attributes, joined(heard, late)) : late));
      }
      if (answer.decision !== 'NoOpinion') return answer;
      heard = joined(heard, answer);
    }
    return heard === '' ? NO_OPINION : { decision: 'NoOpinion', reason: heard };
  };
  return { authorize: (attributes) => askFrom(0, attributes, '') };
}

function joined(reasons: string, { reason = '' }: AuthorizationDecision): string {
  return reasons === '' || reason === '' ? reasons + reason : `${reasons}\n${reason}`;
}
