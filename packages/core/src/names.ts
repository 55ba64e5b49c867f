const MAX_LABEL = 63;
const MAX_SUBDOMAIN = 253;

/** What a character may be in a name, as bits. */
const LOWER = 1;
const DIGIT = 2;
const UPPER = 4;
const DASH = 8;
const DOT = 16;
const UNDERSCORE = 32;
const LOWER_OR_DIGIT = LOWER | DIGIT;
const LETTER_OR_DIGIT = LOWER | DIGIT | UPPER;

function classOf(code: number): number {
  if (code >= 97 && code <= 122) return LOWER;
  if (code >= 48 && code <= 57) return DIGIT;
  if (code >= 65 && code <= 90) return UPPER;
  return code === 45 ? DASH : code === 46 ? DOT : code === 95 ? UNDERSCORE : 0;
}

/** Which characters a word may have. Every object that is written has dozens of names checked, hence no regular expressions. */
interface Alphabet {
  readonly first: number;
  readonly inner: number;
  readonly last: number;
}

const LABEL: Alphabet = { first: LOWER_OR_DIGIT, inner: LOWER_OR_DIGIT | DASH, last: LOWER_OR_DIGIT };
const LABEL_1035: Alphabet = { ...LABEL, first: LOWER };
const NAME_PART: Alphabet = { first: LETTER_OR_DIGIT, inner: LETTER_OR_DIGIT | DASH | UNDERSCORE | DOT, last: LETTER_OR_DIGIT };

function isWord(text: string, { first, inner, last }: Alphabet, from = 0): boolean {
  const end = text.length - 1;
  if (end < from || end - from >= MAX_LABEL) return false;
  if ((classOf(text.charCodeAt(from)) & first) === 0 || (classOf(text.charCodeAt(end)) & last) === 0) return false;
  for (let i = from + 1; i < end; i++) if ((classOf(text.charCodeAt(i)) & inner) === 0) return false;
  return true;
}

/** Labels joined by dots: what is beside a dot, or at an end, is a letter or digit. */
function isSubdomain(text: string, end: number): boolean {
  if (end === 0 || end > MAX_SUBDOMAIN) return false;
  let before = DOT;
  for (let i = 0; i < end; i++) {
    const now = classOf(text.charCodeAt(i));
    if ((now & LOWER_OR_DIGIT) === 0 && (now === DASH ? before === DOT : now !== DOT || (before & LOWER_OR_DIGIT) === 0)) return false;
    before = now;
  }
  return (before & LOWER_OR_DIGIT) !== 0;
}

/**
 * Whether `text` is a label of RFC 1123, as names of namespaces, containers and ports are: at most 63 of `a-z`, `0-9` and `-`, beginning and
 * ending with a letter or digit.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go
 */
export function isDns1123Label(text: string): boolean {
  return isWord(text, LABEL);
}

/** Whether `text` is a subdomain of RFC 1123, as names of most objects are: labels joined by dots, at most 253 characters. */
export function isDns1123Subdomain(text: string): boolean {
  return isSubdomain(text, text.length);
}

/** Whether `text` is a label of RFC 1035, as names of Services are: an RFC 1123 label that begins with a letter. */
export function isDns1035Label(text: string): boolean {
  return isWord(text, LABEL_1035);
}

/** Whether `text` is a qualified name, as keys of labels, annotations and extended resources are: `[subdomain/]name`. */
export function isQualifiedName(text: string): boolean {
  const slash = text.indexOf('/');
  return slash < 0 ? isWord(text, NAME_PART) : isSubdomain(text, slash) && isWord(text, NAME_PART, slash + 1);
}

/** Whether `text` may be the value of a label: empty, or at most 63 of letters, digits, `-`, `_` and `.`, with a letter or digit at both ends. */
export function isLabelValue(text: string): boolean {
  return text === '' || isWord(text, NAME_PART);
}

/** The forms of names that {@link nameProblems} explains. */
export type NameFormat = 'dns1123Label' | 'dns1123Subdomain' | 'dns1035Label' | 'qualifiedName' | 'labelValue';

const EXPLANATION: Readonly<Record<NameFormat, string>> = {
  dns1123Label: "must consist of lower case letters, digits and '-', and begin and end with a letter or digit, like 'my-name' or '123-abc'",
  dns1123Subdomain: "must consist of lower case letters, digits, '-' and '.', and begin and end with a letter or digit, like 'example.com'",
  dns1035Label: "must consist of lower case letters, digits and '-', begin with a letter and end with a letter or digit, like 'my-name' or 'abc-123'",
  qualifiedName: "must consist of letters, digits, '-', '_' and '.', and begin and end with a letter or digit, like 'MyName' or '123-abc'",
  labelValue: "must be empty, or consist of letters, digits, '-', '_' and '.', and begin and end with a letter or digit, like 'MyValue' or '12345'",
};

/**
 * What is wrong with a name, in words to be shown to a person: one text for each problem, none when the name is as it has to be.
 *
 * @example nameProblems('dns1123Label', 'My_Name') // ["must consist of lower case letters, digits and '-', …"]
 */
export function nameProblems(format: NameFormat, text: string): readonly string[] {
  switch (format) {
    case 'dns1123Label':
      return isDns1123Label(text) ? [] : explain(format, text, MAX_LABEL);
    case 'dns1123Subdomain':
      return isDns1123Subdomain(text) ? [] : explain(format, text, MAX_SUBDOMAIN);
    case 'dns1035Label':
      return isDns1035Label(text) ? [] : explain(format, text, MAX_LABEL);
    case 'labelValue':
      return isLabelValue(text) ? [] : explain(format, text, MAX_LABEL);
    case 'qualifiedName':
      return qualifiedNameProblems(text);
  }
}

function explain(format: NameFormat, text: string, max: number): readonly string[] {
  if (text === '') return ['must not be empty'];
  return text.length > max ? [`must be no more than ${max} characters`] : [EXPLANATION[format]];
}

function qualifiedNameProblems(text: string): readonly string[] {
  const slash = text.indexOf('/');
  const prefix = slash < 0 ? [] : nameProblems('dns1123Subdomain', text.slice(0, slash)).map((problem) => `the prefix ${problem}`);
  const name = text.slice(slash + 1);
  return [...prefix, ...(isWord(name, NAME_PART) ? [] : explain('qualifiedName', name, MAX_LABEL).map((problem) => `the name ${problem}`))];
}
