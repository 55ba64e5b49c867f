import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDns1035Label, isDns1123Label, isDns1123Subdomain, isLabelValue, isQualifiedName, nameProblems, type NameFormat } from './names.ts';

const LONG = 'a'.repeat(63);
const CHECKS: Readonly<Record<NameFormat, (text: string) => boolean>> = {
  dns1123Label: isDns1123Label,
  dns1123Subdomain: isDns1123Subdomain,
  dns1035Label: isDns1035Label,
  qualifiedName: isQualifiedName,
  labelValue: isLabelValue,
};

/** Kubernetes' own regular expressions: slower, and plainly right. */
const ORACLES: Readonly<Record<NameFormat, (text: string) => boolean>> = {
  dns1123Label: (text) => text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text),
  dns1035Label: (text) => text.length <= 63 && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(text),
  dns1123Subdomain: (text) => text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text),
  labelValue: (text) => text.length <= 63 && /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/.test(text),
  qualifiedName: (text) => {
    const [name = '', prefix, ...more] = text.split('/').reverse();
    return more.length === 0 && name !== '' && ORACLES.labelValue(name) && (prefix === undefined || ORACLES.dns1123Subdomain(prefix));
  },
};
const FORMATS = Object.keys(CHECKS) as NameFormat[];

describe('names', () => {
  it.each([
    { text: 'a', formats: FORMATS },
    { text: 'web-0', formats: FORMATS },
    { text: '0-web', formats: ['dns1123Label', 'dns1123Subdomain', 'qualifiedName', 'labelValue'] },
    { text: 'example.com', formats: ['dns1123Subdomain', 'qualifiedName', 'labelValue'] },
    { text: 'example.com/Name_1', formats: ['qualifiedName'] },
    { text: 'My.Value_1', formats: ['qualifiedName', 'labelValue'] },
    { text: '', formats: ['labelValue'] },
    { text: LONG, formats: FORMATS },
    { text: `${LONG}a`, formats: ['dns1123Subdomain'] },
    { text: `${LONG}.${LONG}.${LONG}.${LONG}`, formats: [] },
    { text: 'a.-b', formats: ['qualifiedName', 'labelValue'] },
    { text: 'a..b', formats: ['qualifiedName', 'labelValue'] },
    { text: '-a', formats: [] },
    { text: 'a/b/c', formats: [] },
    { text: '/a', formats: [] },
    { text: 'a/', formats: [] },
    { text: 'a\n', formats: [] },
    { text: 'ä', formats: [] },
  ])('"$text" is $formats', ({ text, formats }) => {
    expect(FORMATS.filter((format) => CHECKS[format](text))).toEqual(formats);
  });

  it('are what the regular expressions say', () => {
    const text = fc.oneof(fc.stringMatching(/^[aZ0\-._/\n]{0,8}$/), fc.string({ maxLength: 80 }));
    fc.assert(
      fc.property(text, fc.constantFrom(...FORMATS), (name, format) => void expect(CHECKS[format](name)).toBe(ORACLES[format](name))),
      { numRuns: 1000 },
    );
  });

  it('have problems exactly when they are not as they have to be', () => {
    const text = fc.oneof(fc.stringMatching(/^[aZ0\-._/]{0,8}$/), fc.string({ maxLength: 80 }));
    fc.assert(
      fc.property(text, fc.constantFrom(...FORMATS), (name, format) => void expect(nameProblems(format, name).length === 0).toBe(CHECKS[format](name))),
      { numRuns: 1000 },
    );
  });

  it('have their problems explained', () => {
    expect(nameProblems('dns1123Label', `${LONG}a`)).toEqual(['must be no more than 63 characters']);
    expect(nameProblems('dns1035Label', '')).toEqual(['must not be empty']);
    expect(nameProblems('qualifiedName', 'A/-')).toEqual([
      expect.stringContaining('the prefix must consist of lower case'),
      expect.stringContaining('the name must consist of'),
    ]);
  });
});
