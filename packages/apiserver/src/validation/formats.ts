/**
 * Checks of single values, each giving Kubernetes' sentence when the value is wrong and undefined when it is fine.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go
 */

/** What is wrong with a value, if anything. */
export type Problem = string | undefined;

/** The sentence for a negative number where none makes sense. */
export const NOT_NEGATIVE = 'must be greater than or equal to 0';

/** The sentence for a number outside a range. */
export const between = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;

/** A port number. */
export function portProblem(port: number): Problem {
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? undefined : between(1, 65_535);
}

const PORT_NAME = /^[-a-z0-9]+$/;

/** A service name of IANA, as container ports have: at most 15 characters. Gives every rule that is broken. */
export function portNameProblems(name: string): string[] {
  const problems: string[] = [];
  if (name.length > 15) problems.push('must be no more than 15 characters');
  if (!PORT_NAME.test(name)) problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(name)) problems.push('must contain at least one letter (a-z)');
  if (name.includes('--')) problems.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) problems.push('must not begin or end with a hyphen');
  return problems;
}

const GOOD_PORT_NAME = /^(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** Whether {@link portNameProblems} finds nothing, without building the list. */
export function isPortName(name: string): boolean {
  return name.length <= 15 && GOOD_PORT_NAME.test(name);
}

const EQUALS = 61;

/** The name of an environment variable. */
export function envNameProblem(name: string): Problem {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code < 32 || code > 126 || code === EQUALS) return ENV_NAME_MESSAGE;
  }
  return name === '' ? ENV_NAME_MESSAGE : undefined;
}

const ENV_NAME_MESSAGE = "a valid environment variable name must consist only of printable ASCII characters other than '='";

const CONFIG_KEY = /^[-._a-zA-Z0-9]+$/;

/** A key of a ConfigMap or Secret. */
export function configKeyProblem(key: string): Problem {
  if (key.length > 253) return 'must be no more than 253 characters';
  if (!CONFIG_KEY.test(key)) {
    return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
  }
  if (key === '.' || key === '..') return `must not be '${key}'`;
  return key.startsWith('..') ? "must not start with '..'" : undefined;
}

const HEADER_NAME = /^[-A-Za-z0-9]+$/;

/** The name of an HTTP header. */
export function headerNameProblem(name: string): Problem {
  return HEADER_NAME.test(name)
    ? undefined
    : "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
}

/** A path inside a volume: relative, without steps up. */
export function relativePathProblem(path: string): Problem {
  if (path.startsWith('/')) return 'must be a relative path';
  return hasStepUp(path) ? "must not contain '..'" : undefined;
}

/** Whether a path has `..` as one of its steps. */
export function hasStepUp(path: string): boolean {
  return path.includes('..') && path.split('/').includes('..');
}

const PERCENT = /^\d+%$/;

/** A whole number, or a percentage such as `25%`. */
export function intOrPercentProblem(value: number | string): Problem {
  if (typeof value === 'number') return value >= 0 ? undefined : NOT_NEGATIVE;
  return PERCENT.test(value)
    ? undefined
    : "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
}

/** The number before the percent sign; undefined for what is no percentage. */
export function percentOf(value: number | string): number | undefined {
  return typeof value === 'string' && PERCENT.test(value) ? Number(value.slice(0, -1)) : undefined;
}

/** A user or group id. */
export function idProblem(id: number): Problem {
  return Number.isInteger(id) && id >= 0 && id <= 2_147_483_647 ? undefined : between(0, 2_147_483_647);
}
