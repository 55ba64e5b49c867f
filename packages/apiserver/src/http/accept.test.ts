import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accepts, chooseRepresentation, parseAccept } from './accept.ts';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

describe('chooseRepresentation', () => {
  const PROTOBUF = 'application/vnd.kubernetes.protobuf';
  it.each([
    { header: PROTOBUF, protobuf: true, stream: false, encoding: 'protobuf' },
    { header: `${PROTOBUF},application/json`, protobuf: true, stream: true, encoding: 'protobuf' },
    { header: `${PROTOBUF},application/json`, protobuf: false, stream: false, encoding: 'json' },
    { header: `${PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json`, protobuf: true, stream: false, encoding: 'json' },
    { header: 'application/json', protobuf: true, stream: false, encoding: 'json' },
  ])('gives $encoding for $header where there is protobuf: $protobuf', ({ header, encoding, ...offer }) => {
    expect(chooseRepresentation(header, offer)).toEqual({ encoding });
  });

  it('has nothing for those who only take protocol buffers of what has none', () => {
    expect(() => chooseRepresentation(PROTOBUF, { stream: false, protobuf: false })).toThrow(expect.objectContaining({ reason: 'NotAcceptable' }));
  });

  it.each([
    { name: 'nothing', header: undefined, expected: { encoding: 'json' } },
    { name: 'anything', header: '*/*', expected: { encoding: 'json' } },
    { name: 'what a browser asks for', header: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8', expected: { encoding: 'json' } },
    { name: 'YAML', header: 'application/yaml', expected: { encoding: 'yaml' } },
    { name: 'what typed Go clients ask for', header: 'application/vnd.kubernetes.protobuf,application/json', expected: { encoding: 'json' } },
    {
      name: 'what kubectl get asks for',
      header: `${TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`,
      expected: { encoding: 'json', as: { kind: 'Table', version: 'v1' } },
    },
    {
      name: 'an older Table',
      header: 'application/json;as=Table;v=v1beta1;g=meta.k8s.io, application/json',
      expected: { encoding: 'json', as: { kind: 'Table', version: 'v1beta1' } },
    },
    { name: 'a shape that nobody knows', header: 'application/json;as=Chair;v=v1;g=meta.k8s.io,application/json', expected: { encoding: 'json' } },
    {
      name: 'metadata alone',
      header: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
      expected: { encoding: 'json', as: { kind: 'PartialObjectMetadataList', version: 'v1' } },
    },
    { name: 'the better of two', header: 'application/json;q=0.2,application/yaml;q=0.9', expected: { encoding: 'yaml' } },
    { name: 'what is not refused', header: 'application/yaml;q=0,application/json', expected: { encoding: 'json' } },
  ])('understands $name', ({ header, expected }) => {
    expect(chooseRepresentation(header, { stream: false, protobuf: false })).toEqual(expected);
  });

  it.each([
    { name: 'an image', header: 'image/png', stream: false },
    { name: 'protocol buffers alone', header: 'application/vnd.kubernetes.protobuf', stream: false },
    { name: 'YAML events', header: 'application/yaml', stream: true },
    { name: 'an unknown version of Table', header: 'application/json;as=Table;v=v9;g=meta.k8s.io', stream: false },
    { name: 'an inherited name', header: 'constructor', stream: false },
  ])('refuses $name', ({ header, stream }) => {
    expect(() => chooseRepresentation(header, { stream, protobuf: false })).toThrow(expect.objectContaining({ reason: 'NotAcceptable', code: 406 }));
  });

  it('never fails otherwise', () => {
    const part = fc.constantFrom('application/json', '*/*', 'as=Table', 'g=meta.k8s.io', 'v=v1', 'q=0.5', 'q=x', ';', ',', '=', '"', ' ', '__proto__=1');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part).map((parts) => parts.join('')),
        ),
        (header) => {
          try {
            chooseRepresentation(header, { stream: false, protobuf: false });
          } catch (error) {
            expect(error).toMatchObject({ reason: 'NotAcceptable' });
          }
        },
      ),
    );
  });
});

describe('parseAccept', () => {
  it('looks at no more than some alternatives', () => {
    expect(parseAccept('a/b,'.repeat(10_000)).length).toBeLessThan(100);
  });
});

describe('accepts', () => {
  it('finds a media type with parameters', () => {
    expect(accepts('text/plain, application/json;as=X;v=v2', 'application/json', { v: 'v2' })).toBe(true);
    expect(accepts('application/json;v=v1', 'application/json', { v: 'v2' })).toBe(false);
  });
});
