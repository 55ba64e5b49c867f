import type { PolicyRule } from '@kybern/core/kinds';

// Shorthands for tables of rules: words are separated by blanks.
/** The verbs that read. */
export const READ = 'get list watch';
/** The verbs that write. */
export const WRITE = 'create update patch delete deletecollection';
/** Both. */
export const READ_WRITE: string = `${READ} ${WRITE}`;

/** A rule about resources. `core` among the groups stands for the group without a name. */
export function on(groups: string, resources: string, verbs: string): PolicyRule {
  return { verbs: sorted(verbs), apiGroups: groups.split(' ').map((group) => (group === 'core' ? '' : group)), resources: sorted(resources) };
}

/** The same for the objects of these names. */
export function onNamed(rule: PolicyRule, resourceNames: string): PolicyRule {
  return { ...rule, resourceNames: resourceNames.split(' ') };
}

/** A rule about paths that are not resources. */
export function onPaths(nonResourceURLs: string, verbs = 'get'): PolicyRule {
  return { verbs: sorted(verbs), nonResourceURLs: sorted(nonResourceURLs) };
}

/** May tell what happened. */
export const EVENTS: PolicyRule = on('core events.k8s.io', 'events', 'create update patch');

function sorted(words: string): readonly string[] {
  return words.split(' ').sort();
}
