import type { MutableJson } from '@kybern/core';
import { CustomResourceDefinition, type JSONSchemaProps } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { validateDefinition } from './validate-definition.ts';

const definition = (change: (definition: MutableJson) => void = () => undefined): MutableJson => {
  const made: MutableJson = {
    apiVersion: CustomResourceDefinition.version,
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  };
  change(made);
  return made;
};

const errorsOf = async (made: MutableJson, old?: MutableJson): Promise<string[]> =>
  (await validateDefinition(made, old)).errors.map(({ field, message }) => `${field}: ${message}`);

const ofSpec = (change: (spec: MutableJson) => void): Promise<string[]> => errorsOf(definition(({ spec }) => change(spec)));
const ofVersion = (change: (version: MutableJson) => void): Promise<string[]> => ofSpec(({ versions }) => change(versions[0]));
const ofField = (schema: JSONSchemaProps): Promise<string[]> =>
  ofVersion((version) => (version.schema.openAPIV3Schema = { type: 'object', properties: { x: schema } }));

const ROOT = 'spec.validation.openAPIV3Schema';
const X = `${ROOT}.properties[x]`;

describe('a definition', () => {
  it('that is right has no errors', async () => {
    expect(await errorsOf(definition())).toEqual([]);
  });

  it.each<[string, (spec: MutableJson) => void, string[]]>([
    [
      'a group without a dot',
      (spec) => (spec.group = 'example'),
      [
        'metadata.name: Invalid value: "widgets.example.com": must be spec.names.plural+"."+spec.group',
        'spec.group: Invalid value: "example": should be a domain with at least one dot',
      ],
    ],
    ['a scope', (spec) => (spec.scope = 'World'), ['spec.scope: Unsupported value: "World": supported values: "Cluster", "Namespaced"']],
    ['no kind', (spec) => (spec.names.kind = ''), ['spec.names.kind: Required value']],
    [
      'a list kind like the kind',
      (spec) => (spec.names.listKind = 'Widget'),
      ['spec.names.listKind: Invalid value: "Widget": kind and listKind may not be the same'],
    ],
    [
      'two stored versions',
      (spec) => spec.versions.push({ ...spec.versions[0], name: 'v2' }),
      [expect.stringContaining('must have exactly one version marked as storage version') as unknown as string],
    ],
    [
      'a version twice',
      (spec) => spec.versions.push({ ...spec.versions[0], storage: false }),
      [expect.stringContaining('must contain unique version names') as unknown as string],
    ],
    ['no schema', (spec) => delete spec.versions[0].schema, ['spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required']],
    [
      'unknown fields for all',
      (spec) => (spec.preserveUnknownFields = true),
      [
        'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      ],
    ],
    [
      'a conversion',
      (spec) => (spec.conversion = { strategy: 'Magic' }),
      ['spec.conversion.strategy: Unsupported value: "Magic": supported values: "None", "Webhook"'],
    ],
    [
      'a webhook without one',
      (spec) => (spec.conversion = { strategy: 'Webhook' }),
      ['spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook'],
    ],
    [
      'a warning without a reason',
      (spec) => (spec.versions[0].deprecationWarning = 'x'),
      ['spec.versions[0].deprecationWarning: Invalid value: "x": can only be set for deprecated versions'],
    ],
  ])('cannot have %s', async (_, change, expected) => {
    expect(await ofSpec(change)).toEqual(expected);
  });

  it('of a group of Kubernetes needs an approval', async () => {
    const made = definition((each) => {
      each.metadata.name = 'widgets.x.k8s.io';
      each.spec.group = 'x.k8s.io';
    });
    expect(await errorsOf(made)).toEqual([expect.stringMatching(/^metadata.annotations\[api-approved.kubernetes.io\]: Required value: protected groups/)]);
    made.metadata.annotations = { 'api-approved.kubernetes.io': 'https://github.com/kubernetes/kubernetes/pull/1' };
    expect(await errorsOf(made)).toEqual([]);
  });

  it('warns of formats that nobody knows, and of conversions that nobody makes', async () => {
    const made = definition(({ spec }) => {
      spec.versions[0].schema.openAPIV3Schema = { type: 'object', properties: { x: { type: 'string', format: 'fancy' } } };
      spec.versions.push({ ...spec.versions[0], name: 'v2', storage: false });
      spec.conversion = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://example.com' } } };
    });
    expect(await validateDefinition(made, undefined)).toEqual({
      errors: [],
      warnings: ['unrecognized format "fancy"', expect.stringContaining('conversion webhooks are not called')],
    });
    expect((await validateDefinition(made, made)).warnings).toHaveLength(1);
  });
});

describe('a schema', () => {
  it.each<[string, JSONSchemaProps, string[]]>([
    ['no type', {}, [`${X}.type: Required value: must not be empty for specified object fields`]],
    ['no items', { type: 'array' }, [`${X}.items: Required value: must be specified`]],
    ['items without a type', { type: 'array', items: {} }, [`${X}.items.type: Required value: must not be empty for specified array items`]],
    ['a reference', { type: 'string', $ref: '#/x' }, [`${X}.$ref: Forbidden: $ref is not supported`]],
    [
      'unique items',
      { type: 'array', items: { type: 'string' }, uniqueItems: true },
      [`${X}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`],
    ],
    [
      'fields and values',
      { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'string' } },
      [`${X}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`],
    ],
    ['no values', { type: 'object', additionalProperties: false }, [`${X}.additionalProperties: Forbidden: additionalProperties cannot be set to false`]],
    [
      'no unknown fields',
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': false },
      [`${X}.x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined`],
    ],
    [
      'a bad pattern',
      { type: 'string', pattern: '(' },
      [expect.stringContaining(`${X}.pattern: Invalid value: "(": must be a valid regular expression`) as unknown as string],
    ],
    [
      'an embedded text',
      { type: 'string', 'x-kubernetes-embedded-resource': true },
      [
        `${X}.properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields`,
        `${X}.type: Invalid value: "string": must be object if x-kubernetes-embedded-resource is true`,
      ].sort(),
    ],
    ['types in alternatives', { type: 'string', anyOf: [{ type: 'string' }] }, [`${X}.anyOf[0].type: Forbidden: must be empty to be structural`]],
    ['defaults in alternatives', { type: 'string', oneOf: [{ default: 'a' }] }, [`${X}.oneOf[0].default: Forbidden: must be undefined to be structural`]],
    [
      'fields of alternatives alone',
      { type: 'object', not: { properties: { a: { minLength: 1 } } } },
      [`${X}.properties[a]: Required value: because it is defined in ${X}.not.properties[a]`],
    ],
    [
      'a map of texts',
      { type: 'string', 'x-kubernetes-map-type': 'atomic' },
      [`${X}.type: Invalid value: "string": must be object if x-kubernetes-map-type is specified`],
    ],
    [
      'an unknown list',
      { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'heap' },
      [`${X}.x-kubernetes-list-type: Unsupported value: "heap": supported values: "atomic", "map", "set"`],
    ],
    [
      'a keyed list without keys',
      { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' },
      [`${X}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`],
    ],
    [
      'keys that there are not',
      { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a'] },
      [`${X}.x-kubernetes-list-map-keys[0]: Invalid value: "a": entries must all be names of item properties`],
    ],
    [
      'keys that may be missing',
      { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } }, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a'] },
      [`${X}.items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`],
    ],
    [
      'a default of the wrong type',
      { type: 'integer', default: 'a' },
      [`${X}.default: Invalid value: "string": ${X}.default in body must be of type integer: "string"`],
    ],
    ['a default with unknown fields', { type: 'object', default: { a: 1 } }, [`${X}.default: Invalid value: {"a":1}: must not have unknown fields`]],
    [
      'an empty rule',
      { type: 'string', 'x-kubernetes-validations': [{ rule: ' ' }] },
      [`${X}.x-kubernetes-validations[0].rule: Required value: rule is not specified`],
    ],
    [
      'a rule of another type',
      { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == 1' }] },
      [expect.stringContaining('compilation failed: ERROR: <input>:1:1: no such overload: string == int') as unknown as string],
    ],
    [
      'a rule on several lines without a message',
      { type: 'string', 'x-kubernetes-validations': [{ rule: "self ==\n''" }] },
      [`${X}.x-kubernetes-validations[0].message: Required value: message must be specified if rule contains line breaks`],
    ],
    [
      'a reason',
      { type: 'string', 'x-kubernetes-validations': [{ rule: 'true', reason: 'Because' as never }] },
      [expect.stringContaining(`${X}.x-kubernetes-validations[0].reason: Unsupported value: "Because"`) as unknown as string],
    ],
    [
      'a look back where there is none',
      { type: 'array', items: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] } },
      [
        `${X}.items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${X}`,
      ],
    ],
  ])('cannot have %s', async (_, schema, expected) => {
    expect(await ofField(schema)).toEqual(expected);
  });

  it.each<[string, JSONSchemaProps]>([
    ['a number or text with its alternatives', { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }], pattern: '^a' }],
    [
      'the same in a list of conditions',
      { 'x-kubernetes-int-or-string': true, allOf: [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }, { minLength: 1 }] },
    ],
    ['anything', { 'x-kubernetes-preserve-unknown-fields': true }],
    ['a default inside of a default', { type: 'object', default: {}, properties: { a: { type: 'string', default: 'b' } }, required: ['a'] }],
    [
      'a look back into a keyed list',
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['a'],
        items: { type: 'object', required: ['a'], properties: { a: { type: 'string' } }, 'x-kubernetes-validations': [{ rule: 'self.a == oldSelf.a' }] },
      },
    ],
  ])('may have %s', async (_, schema) => {
    expect(await ofField(schema)).toEqual([]);
  });

  it('says little at the root', async () => {
    const root = (schema: MutableJson): Promise<string[]> => ofVersion((version) => (version.schema.openAPIV3Schema = schema));
    expect(await root({ type: 'string' })).toEqual([`${ROOT}.type: Invalid value: "string": must be object at the root`]);
    expect(await root({ type: 'object', additionalProperties: true })).toEqual([`${ROOT}.additionalProperties: Forbidden: must not be used at the root`]);
    expect(await root({ type: 'object', properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } })).toEqual([
      `${ROOT}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`,
    ]);
    expect(await root({ type: 'object', properties: { metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 9 } } } } })).toEqual([]);
  });
});

describe('the parts of a version', () => {
  it.each<[string, (version: MutableJson) => void, string[]]>([
    [
      'a scale without paths',
      (version) => (version.subresources = { scale: { specReplicasPath: '', statusReplicasPath: 'x' } }),
      [
        'spec.subresources.scale.specReplicasPath: Required value',
        'spec.subresources.scale.statusReplicasPath: Invalid value: "x": should be a simple json path',
      ],
    ],
    [
      'a scale elsewhere',
      (version) => (version.subresources = { scale: { specReplicasPath: '.status.x', statusReplicasPath: '.status.x', labelSelectorPath: '.metadata.x' } }),
      [
        'spec.subresources.scale.specReplicasPath: Invalid value: ".status.x": should be a json path under .spec',
        'spec.subresources.scale.labelSelectorPath: Invalid value: ".metadata.x": should be a json path under either .status or .spec',
      ],
    ],
    [
      'a column',
      (version) => (version.additionalPrinterColumns = [{ name: '', type: 'x', jsonPath: 'a[' }]),
      [
        'spec.additionalPrinterColumns[0].name: Required value',
        'spec.additionalPrinterColumns[0].type: Invalid value: "x": must be one of boolean,date,integer,number,string',
        'spec.additionalPrinterColumns[0].jsonPath: Invalid value: "a[": invalid json path: must begin with a dot',
      ],
    ],
    [
      'a field to select by',
      (version) => (version.selectableFields = [{ jsonPath: '.spec.x' }, { jsonPath: '.metadata.name' }]),
      [
        'spec.selectableFields[0].jsonPath: Invalid value: ".spec.x": is an invalid path: does not refer to a valid field',
        'spec.selectableFields[1].jsonPath: Invalid value: ".metadata.name": must not point to fields in metadata',
      ],
    ],
  ])('%s', async (_, change, expected) => {
    expect(await ofVersion(change)).toEqual(expected);
  });
});
