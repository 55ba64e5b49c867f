import { expect, it } from 'vitest';
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from './authorization.ts';
import { chainAuthorizers } from './authorizer-chain.ts';

const asked = { user: { username: 'jane' }, verb: 'get' } as AuthorizationAttributes;
const none: AuthorizationDecision = { decision: 'NoOpinion' };
const because = (reason: string): AuthorizationDecision => ({ decision: 'NoOpinion', reason });
const yes: AuthorizationDecision = { decision: 'Allow' };
const no: AuthorizationDecision = { decision: 'Deny', reason: 'never' };
const says = (answer: AuthorizationDecision): Authorizer => ({ authorize: () => answer });
const saysLater = (answer: AuthorizationDecision): Authorizer => ({ authorize: async () => answer });

it.each([
  { name: 'nobody', chain: [], answer: none },
  { name: 'the first opinion', chain: [says(none), says(yes), says(no)], answer: yes },
  { name: 'a refusal', chain: [says(no), says(yes)], answer: no },
  { name: 'a late opinion', chain: [says(none), saysLater(none), saysLater(yes), says(no)], answer: yes },
  { name: 'all reasons', chain: [says(because('a')), says(none), saysLater(because('b'))], answer: because('a\nb') },
])('answers with $name', async ({ chain, answer }) => {
  expect(await chainAuthorizers(...chain).authorize(asked)).toEqual(answer);
});

it('answers at once as long as all do', () => {
  expect(chainAuthorizers(says(none), says(yes), saysLater(no)).authorize(asked)).toBe(yes);
});
