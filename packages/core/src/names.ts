const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const NAME_PART = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const MAX_LABEL = 63;
const MAX_SUBDOMAIN = 253;

/**
 * Whether `text` is a label of RFC 1123, as names of namespaces, containers and ports are: at most 63 of `a-z`, `0-9` and `-`, beginning and
 * ending with a letter or digit.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go
 */
export function isDns1123Label(text: string): boolean {
  return text.length <= MAX_LABEL && LABEL.test(text);
}

/** Whether `text` is a subdomain of RFC 1123, as names of most objects are: labels joined by dots, at most 253 characters. */
export function isDns1123Subdomain(text: string): boolean {
  return text.length <= MAX_SUBDOMAIN && SUBDOMAIN.test(text);
}

/** Whether `text` is a label of RFC 1035, as names of Services are: an RFC 1123 label that begins with a letter. */
export function isDns1035Label(text: string): boolean {
  return text.length <= MAX_LABEL && LABEL_1035.test(text);
}

/** Whether `text` is a qualified name, as keys of labels, annotations and extended resources are: `[subdomain/]name`. */
export function isQualifiedName(text: string): boolean {
  const slash = text.indexOf('/');
  return slash < 0 ? isNamePart(text) : isDns1123Subdomain(text.slice(0, slash)) && isNamePart(text.slice(slash + 1));
}

/** Whether `text` may be the value of a label: empty, or at most 63 of letters, digits, `-`, `_` and `.`, with a letter or digit at both ends. */
export function isLabelValue(text: string): boolean {
  return text === '' || isNamePart(text);
}

function isNamePart(text: string): boolean {
  return text.length <= MAX_LABEL && NAME_PART.test(text);
}
