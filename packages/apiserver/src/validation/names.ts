import { isDns1035Label, isDns1123Label, isDns1123Subdomain } from '@kybern/core';
import type { NameRule } from '../strategy.ts';

/** Rules for names, in Kubernetes' words. @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go */

/** The sentence for what is no RFC 1123 label. */
export const DNS1123_LABEL_MESSAGE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const DNS1123_SUBDOMAIN_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const DNS1035_LABEL_MESSAGE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
/** The sentence for what is no key of a label. */
export const QUALIFIED_NAME_MESSAGE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
/** The sentence for what is no value of a label. */
export const LABEL_VALUE_MESSAGE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const NONE: readonly string[] = Object.freeze([]);
const tooLong = (max: number): string => `must be no more than ${max} characters`;

/** A prefix may end with a dash, since more follows. @see kubernetes v1.36 …/api/validation/generic.go (maskTrailingDash) */
function masked(name: string, isPrefix: boolean): string {
  return isPrefix && name.endsWith('-') && name.length > 1 ? `${name.slice(0, -1)}a` : name;
}

/** The rule for most names. */
export const dns1123Subdomain: NameRule = (name, isPrefix) => {
  const text = masked(name, isPrefix);
  if (isDns1123Subdomain(text)) return NONE;
  return text.length > 253 ? [tooLong(253)] : [DNS1123_SUBDOMAIN_MESSAGE];
};

/** The rule for names that become a label of a host name: namespaces, containers. */
export const dns1123Label: NameRule = (name, isPrefix) => {
  const text = masked(name, isPrefix);
  if (isDns1123Label(text)) return NONE;
  return text.length > 63 ? [tooLong(63)] : [DNS1123_LABEL_MESSAGE];
};

/** The rule for names of Services. */
export const dns1035Label: NameRule = (name, isPrefix) => {
  const text = masked(name, isPrefix);
  if (isDns1035Label(text)) return NONE;
  return text.length > 63 ? [tooLong(63)] : [DNS1035_LABEL_MESSAGE];
};

/** The rule for names that are only a part of a path: RBAC. @see kubernetes v1.36 …/api/validation/path/name.go */
export const pathSegment: NameRule = (name, isPrefix) => {
  const found: string[] = [];
  if (!isPrefix && (name === '.' || name === '..')) return [`may not be '${name}'`];
  for (const text of ['/', '%']) if (name.includes(text)) found.push(`may not contain '${text}'`);
  return found;
};
