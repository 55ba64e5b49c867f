import { createKindRegistry, type KindRegistry } from '@kybern/apiserver';
import type { Kind } from '@kybern/core';
import { builtinKinds } from '@kybern/core/kinds';
import { CliError } from './errors.ts';

/** One object or one kind that a person named on the command line. */
export interface ResourceArgument {
  readonly kind: Kind;
  readonly name: string | undefined;
}

/** The kinds that a command line may name. */
export function cliKinds(): KindRegistry {
  return createKindRegistry(builtinKinds);
}

/**
 * Reads kubectl's ways to name objects: `pods`, `pods web-0 web-1`, `deploy/nginx svc/web`, `pods,svc`.
 *
 * @throws {CliError} when a kind is not known, or names and kinds are mixed
 */
export function parseResourceArguments(args: readonly string[], kinds: KindRegistry): readonly ResourceArgument[] {
  const [first, ...names] = args;
  if (first === undefined) throw new CliError('you must say what: a kind and maybe names, such as "pods", "deployment nginx" or "deployment/nginx"');
  if (args.some((arg) => arg.includes('/'))) {
    return args.map((arg) => {
      const [type = '', name = '', ...more] = arg.split('/');
      if (type === '' || name === '' || more.length > 0) throw new CliError(`"${arg}" does not name an object: use KIND/NAME for all, or KIND NAME…`);
      return { kind: resolveKind(type, kinds), name };
    });
  }
  const types = first
    .split(',')
    .map((type) => (type === 'all' ? kinds.byCategory('all') : [resolveKind(type, kinds)]))
    .flat();
  if (names.length === 0) return types.map((kind) => ({ kind, name: undefined }));
  return types.flatMap((kind) => names.map((name) => ({ kind, name })));
}

function resolveKind(type: string, kinds: KindRegistry): Kind {
  const kind = kinds.resolve(type);
  if (kind === undefined) throw new CliError(`error: the server doesn't have a resource type "${type}"`);
  return kind;
}

/** `deployment.apps/nginx`, as kubectl names an object in its messages. */
export function displayName(kind: Kind, name: string): string {
  return `${kind.singular}${kind.group === '' ? '' : `.${kind.group}`}/${name}`;
}
