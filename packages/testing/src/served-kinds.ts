import type { ApiServer } from '@kybern/apiserver';
import { apiVersionOf, type Kind } from '@kybern/core';
import { builtinKinds } from '@kybern/core/kinds';
import type { ControllerDefinition } from '@kybern/reconcile';

/** The kinds that a controller cannot do without. */
export function kindsOf(controller: ControllerDefinition): readonly Kind[] {
  return [controller.for, ...(controller.owns ?? []), ...(controller.watches ?? []).map(({ kind }) => kind)];
}

/** Has the kinds served that are not yet. */
export function serveKinds(api: ApiServer, kinds: readonly Kind[]): void {
  for (const kind of kinds) if (api.kinds.find(apiVersionOf(kind), kind.kind) === undefined) api.kinds.add(kind);
}

/** Those that are not built in, each once. */
export function customKinds(kinds: readonly Kind[]): readonly Kind[] {
  return [...new Set(kinds)].filter((kind) => !builtinKinds.includes(kind));
}
