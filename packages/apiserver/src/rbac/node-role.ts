import type { AuthorizationAttributes } from '../authorization.ts';
import { compileRole, roleAllows } from './compiled-role.ts';

/** Whether the rules of nodes allow what is asked, whichever object it is about. */
export type RoleCheck = (attributes: AuthorizationAttributes) => boolean;

/** Loads the rules of nodes, which a cluster without such nodes does not need. */
export async function loadNodeRole(): Promise<RoleCheck> {
  const { nodeRules } = await import('./default-cluster-roles.ts');
  const role = compileRole(nodeRules());
  return ({ verb, group, resource, subresource, name }) =>
    roleAllows(role, {
      verb,
      group,
      resource: subresource === undefined ? resource : `${resource}/${subresource}`,
      anyWithSubresource: subresource === undefined ? '' : `*/${subresource}`,
      name: name ?? '',
      path: undefined,
    });
}
