const PREFIX = 'system:serviceaccount:';

/** A ServiceAccount, as its user name names it. */
export interface ServiceAccountName {
  readonly namespace: string;
  readonly name: string;
}

/** The user name of a ServiceAccount. */
export function serviceAccountUsername({ namespace, name }: ServiceAccountName): string {
  return `${PREFIX}${namespace}:${name}`;
}

/** The ServiceAccount of a user name; undefined when it is none's. */
export function parseServiceAccountName(username: string): ServiceAccountName | undefined {
  if (!username.startsWith(PREFIX)) return undefined;
  const [namespace, name, ...more] = username.slice(PREFIX.length).split(':');
  return namespace === undefined || namespace === '' || name === undefined || name === '' || more.length > 0 ? undefined : { namespace, name };
}

/** The groups of every ServiceAccount of a namespace. */
export function serviceAccountGroups(namespace: string): readonly string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}
