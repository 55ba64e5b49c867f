import type { Secret } from '@kybern/core/kinds';
import { parseImageReference, type cri } from '@kybern/runtime-cri';

interface DockerEntry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
}

/**
 * Who to be at an image's registry, as the pull secrets say; the most exact match first. Docker Hub goes by several names.
 *
 * @see kubernetes v1.36 pkg/credentialprovider/keyring.go (Lookup)
 */
export function imageCredentials(image: string, secrets: readonly Secret[]): readonly cri.AuthConfig[] {
  const { repository } = parseImageReference(image);
  const found: { readonly key: string; readonly auth: cri.AuthConfig }[] = [];
  for (const secret of secrets) {
    for (const [registry, entry] of Object.entries(entriesOf(secret))) {
      const key = registry
        .replace(/^https?:\/\//, '')
        .replace(/\/v[12]\/?$/, '')
        .replace(/\/$/, '')
        .replace(/^(index|registry-1)\.docker\.io$/, 'docker.io');
      if (repository === key || repository.startsWith(`${key}/`)) found.push({ key, auth: authOf(entry) });
    }
  }
  return found.sort((a, b) => b.key.length - a.key.length).map(({ auth }) => auth);
}

function entriesOf({ type, data = {} }: Secret): Readonly<Record<string, DockerEntry>> {
  const [key, inner] = type === 'kubernetes.io/dockercfg' ? ['.dockercfg', false] : ['.dockerconfigjson', true];
  const text = data[key];
  if (text === undefined) return {};
  try {
    const parsed = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as { auths?: Record<string, DockerEntry> } & Record<string, DockerEntry>;
    return (inner ? parsed.auths : parsed) ?? {};
  } catch {
    return {}; // what cannot be read names nobody
  }
}

/** Without the registry's address: a runtime that pulls from a mirror would not find it the same. */
function authOf({ username, password, auth = '' }: DockerEntry): cri.AuthConfig {
  if (username !== undefined) return { username, password: password ?? '' };
  const [user = '', ...rest] = Buffer.from(auth, 'base64').toString('utf8').split(':');
  return { username: user, password: rest.join(':') };
}
