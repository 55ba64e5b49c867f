import { formatTime } from '@kybern/core';
import type { StateStore } from '@kybern/state';
import { certificateAuthenticator, chainAuthenticators, type Authenticator } from './authentication/authenticator.ts';
import { createServiceAccountTokens, type ServiceAccountTokens } from './authentication/service-account-tokens.ts';
import { privilegedGroupAuthorizer, type Authorizer } from './authorization.ts';
import { chainAuthorizers } from './authorizer-chain.ts';
import { createNodeAuthorizer, type NodeAuthorizer } from './authorizer-node.ts';
import type { Environment } from './environment.ts';
import { createRbacAuthorizer, type RbacAuthorizer } from './rbac/rbac-authorizer.ts';

/** Options of a server that say who may do what. */
export interface AccessOptions {
  /**
   * Who may do what. In both cases members of `system:masters` may do everything, and others what the Roles and bindings in the store say. `rbac` brings
   * Kubernetes' default roles and bindings into the store at start, and Pods get tokens of their ServiceAccounts, which have to exist. Default:
   * `system-masters` (a store without roles, where nobody else may do anything) until `listen` opens a door, which brings in the default roles; say
   * `system-masters` to keep them out.
   */
  readonly authorization?: 'rbac' | 'system-masters';
  /** Decides instead. `authorization` then only says whether there are default roles. */
  readonly authorizer?: Authorizer;
  /**
   * Recognise those who ask at a door by their tokens, before ServiceAccount tokens and client certificates are looked at: `tokenFileAuthenticator(csv)`,
   * or one's own. Default: none.
   */
  readonly authenticators?: readonly Authenticator[];
  /** Who signs ServiceAccount tokens: the `iss` of the tokens. Default `https://kubernetes.default.svc.cluster.local`. */
  readonly serviceAccountIssuer?: string;
  /** For whom tokens are that do not say it, and one of which a token must name to be good here. Default: the issuer. */
  readonly apiAudiences?: readonly string[];
}

/** Who asks, and what they may do. */
export interface Access {
  /** Tells who asks at a door, and whose a token is. */
  readonly authenticator: Authenticator;
  readonly tokens: ServiceAccountTokens;
  readonly authorizer: Authorizer;
  /** The rules that the RBAC objects in the store give, whichever authorizer decides. */
  readonly rbac: RbacAuthorizer;
  /** What nodes may do; part of {@link Access.authorizer} unless that is one's own. */
  readonly nodeAuthorizer: NodeAuthorizer;
  /** Whether Pods need a ServiceAccount, and get a token of it. */
  readonly podTokens: boolean;
  /** Brings the default roles and bindings into the store. Idempotent. */
  secure(): Promise<void>;
}

const DEFAULT_ISSUER = 'https://kubernetes.default.svc.cluster.local';

/** Makes {@link Access}. Nothing is read, loaded or stored before it is needed. */
export function createAccess(options: AccessOptions, state: StateStore, env: () => Environment): Access {
  const rbac = createRbacAuthorizer(state);
  const nodes = createNodeAuthorizer(state);
  const issuer = options.serviceAccountIssuer ?? DEFAULT_ISSUER;
  let securing: Promise<void> | undefined;
  const tokens = createServiceAccountTokens(env, { issuer, audiences: options.apiAudiences ?? [issuer], persistent: () => securing !== undefined });
  return {
    tokens,
    rbac,
    nodeAuthorizer: nodes,
    authenticator: chainAuthenticators([certificateAuthenticator(), ...(options.authenticators ?? []), tokens]),
    authorizer: options.authorizer ?? chainAuthorizers(privilegedGroupAuthorizer(), nodes, rbac),
    podTokens: options.authorization === 'rbac',
    secure: () => (securing ??= createDefaultPolicy(env())),
  };
}

/** The tables of default roles are loaded only where they are wanted. */
async function createDefaultPolicy({ state, clock, ids, pending }: Environment): Promise<void> {
  const { ensureDefaultPolicy } = await pending(import('./rbac/reconcile-policy.ts'));
  await ensureDefaultPolicy(state, { uid: () => ids.uid(), now: () => formatTime(clock.now()) });
}
