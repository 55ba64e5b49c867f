import type { ObjectKey } from '@kybern/core';
import { CliError } from './errors.ts';

/** The Pod that a command line names: `NAME` or `pod/NAME`. @throws {CliError} when it names something else */
export function podKey({ pod, namespace }: { readonly pod: string; readonly namespace: string }): ObjectKey {
  const match = /^(?:(?:pods?|po)\/)?([^/]+)$/.exec(pod);
  if (match?.[1] === undefined) throw new CliError(`"${pod}" is no Pod: say NAME or pod/NAME`);
  return { namespace, name: match[1] };
}
