import { expect, it } from 'vitest';
import { describeKubectl, itSince } from './kubectl/kubectl.ts';

const GROUP = 'stable.example.com';

/** The definition of CronTabs; `versions` in YAML, indented by four. */
const definition = (versions: string, names = ''): string => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: crontabs.${GROUP}
spec:
  group: ${GROUP}
  scope: Namespaced
  names:
    plural: crontabs
    kind: CronTab
    shortNames: [ct]
    categories: [all]
${names}  versions:
${versions}`;

const version = (name: string, storage: boolean): string => `
  - name: ${name}
    served: true
    storage: ${String(storage)}
    schema:
      openAPIV3Schema:
        type: object
        description: Runs something again and again.
        properties:
          spec:
            type: object
            required: [cronSpec]
            x-kubernetes-validations:
            - rule: "self.replicas <= self.maxReplicas"
              message: replicas must not be more than maxReplicas
            properties:
              cronSpec:
                type: string
                description: When to run, as five fields.
                pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$'
              image: {type: string}
              replicas: {type: integer, minimum: 1, default: 1}
              maxReplicas: {type: integer, default: 10}
              selector: {type: string}
          status:
            type: object
            properties:
              replicas: {type: integer}
              selector: {type: string}
    additionalPrinterColumns:
    - {name: Spec, type: string, description: When it runs, jsonPath: .spec.cronSpec}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
    - {name: Image, type: string, priority: 1, jsonPath: .spec.image}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    selectableFields:
    - jsonPath: .spec.image
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas, labelSelectorPath: .status.selector}
`;

const crontab = (name: string, spec: Readonly<Record<string, unknown>>, of = 'v1'): string =>
  JSON.stringify({ apiVersion: `${GROUP}/${of}`, kind: 'CronTab', metadata: { name }, spec });

const EVERY_FIVE = '*/5 * * * *';

describeKubectl('kubectl and custom resources', (k) => {
  it('creates a definition, waits for it, and uses its kind', async () => {
    expect(await k().ok('apply -f -', { input: definition(version('v1', true)) })).toBe(
      `customresourcedefinition.apiextensions.k8s.io/crontabs.${GROUP} created\n`,
    );
    expect(await k().ok(`wait --for=condition=Established crd/crontabs.${GROUP} --timeout=20s`)).toContain('condition met');
    expect(await k().ok(`api-resources --api-group=${GROUP}`)).toMatch(/crontabs +ct +stable.example.com\/v1 +true +CronTab/);
    expect(await k().ok('apply -f -', { input: crontab('first', { cronSpec: EVERY_FIVE, image: 'one' }) })).toBe(`crontab.${GROUP}/first created\n`);
    expect(await k().ok('apply -f -', { input: crontab('first', { cronSpec: EVERY_FIVE, image: 'one' }) })).toBe(`crontab.${GROUP}/first unchanged\n`);
    expect(await k().ok('apply -f -', { input: crontab('first', { cronSpec: EVERY_FIVE, image: 'two' }) })).toBe(`crontab.${GROUP}/first configured\n`);
    expect(await k().ok('get ct first -o jsonpath={.spec}')).toBe(`{"cronSpec":"${EVERY_FIVE}","image":"two","maxReplicas":10,"replicas":1}`);
  });

  it('prints the columns of the definition', async () => {
    expect(await k().ok('get crontabs')).toMatch(/^NAME +SPEC +REPLICAS +AGE\nfirst +\*\/5 \* \* \* \* +1 +\d+s\n$/);
    expect(await k().ok('get ct -o wide')).toMatch(/^NAME +SPEC +REPLICAS +IMAGE +AGE\nfirst .* two +\d+s\n$/);
    expect(await k().ok('get all')).toContain(`crontab.${GROUP}/first`);
    expect(await k().ok('get ct --field-selector spec.image=two -o name')).toBe(`crontab.${GROUP}/first\n`);
    expect(await k().ok('get ct --field-selector spec.image=three -o name')).toBe('');
    expect(await k().ok('describe ct first')).toMatch(/Cron Spec: +\*\/5/);
  });

  it('explains the fields', async () => {
    const text = await k().ok('explain crontabs.spec.cronSpec');
    expect(text).toContain('When to run, as five fields.');
    expect(await k().ok('explain ct.spec')).toMatch(/replicas\s+<integer>/);
  });

  it('says everything that is wrong', async () => {
    const text = await k().fails('create -f -', { input: crontab('wrong', { cronSpec: 'x', replicas: 0 }) });
    expect(text).toContain('The CronTab "wrong" is invalid');
    expect(text).toMatch(/spec\.cronSpec: Invalid value: "x": spec\.cronSpec in body should match '/);
    expect(text).toContain('spec.replicas: Invalid value: 0: spec.replicas in body should be greater than or equal to 1');
    expect(await k().fails('create -f -', { input: crontab('wrong', { cronSpec: EVERY_FIVE, replicas: 11 }) })).toContain(
      'spec: Invalid value: "object": replicas must not be more than maxReplicas',
    );
    expect(await k().fails('create -f - --validate=true', { input: crontab('wrong', { cronSpec: EVERY_FIVE, sky: 'blue' }) })).toMatch(/unknown field.*sky/);
  });

  it('scales, patches and edits', async () => {
    expect(await k().ok('scale --replicas=3 ct/first')).toContain('scaled');
    expect(await k().ok('get ct first -o jsonpath={.spec.replicas}{.metadata.generation}')).toBe('33');
    await k().ok(['patch', 'ct', 'first', '--type=merge', '-p', '{"spec":{"replicas":4}}']);
    await k().ok(['patch', 'ct', 'first', '--type=json', '-p', '[{"op":"replace","path":"/spec/image","value":"three"}]']);
    expect(await k().fails(['patch', 'ct', 'first', '--type=strategic', '-p', '{"spec":{"replicas":4}}'])).toMatch(/media type|format|strategic/i);
    expect(await k().ok('get ct first -o jsonpath={.spec.replicas}{.spec.image}')).toBe('4three');
    expect(await k().ok('label ct first tier=web')).toContain('labeled');
    expect(await k().ok('get ct -l tier=web -o name')).toBe(`crontab.${GROUP}/first\n`);
  });

  itSince(22, 'applies on the server, where fields have owners', async () => {
    const input = crontab('owned', { cronSpec: EVERY_FIVE, image: 'one' });
    expect(await k().ok('apply --server-side --field-manager=me -f -', { input })).toBe(`crontab.${GROUP}/owned serverside-applied\n`);
    const other = crontab('owned', { cronSpec: EVERY_FIVE, image: 'two' });
    expect(await k().fails('apply --server-side --field-manager=you -f -', { input: other })).toMatch(/\.spec\.image/);
  });

  itSince(24, 'changes the status alone', async () => {
    await k().ok(['patch', 'ct', 'first', '--subresource=status', '--type=merge', '-p', '{"status":{"replicas":4},"spec":{"replicas":9}}']);
    expect(await k().ok('get ct first -o jsonpath={.spec.replicas}{.status.replicas}')).toBe('44');
  });

  it('refuses a definition with all that is wrong', async () => {
    const broken = definition(version('v1', false).replace('type: string\n                description', 'description'))
      .replaceAll('crontabs', 'brokens')
      .replaceAll('CronTab', 'Broken')
      .replace('[ct]', '[br]');
    const text = await k().fails('create -f -', { input: broken });
    expect(text).toContain('must have exactly one version marked as storage version');
    expect(text).toContain(
      'spec.validation.openAPIV3Schema.properties[spec].properties[cronSpec].type: Required value: must not be empty for specified object fields',
    );
  });

  it('serves two versions of the same objects', async () => {
    await k().ok('apply -f -', { input: definition(`${version('v1', false)}${version('v2', true)}`) });
    expect(await k().ok(`get crontabs.v1.${GROUP} first -o jsonpath={.apiVersion}`)).toBe(`${GROUP}/v1`);
    expect(await k().ok(`get crontabs.v2.${GROUP} first -o jsonpath={.apiVersion}`)).toBe(`${GROUP}/v2`);
    await k().ok('create -f -', { input: crontab('second', { cronSpec: EVERY_FIVE }, 'v1') });
    expect(await k().ok(`get crontabs.v2.${GROUP} -o name`)).toContain('second');
    expect(await k().ok(`get crd crontabs.${GROUP} -o jsonpath={.status.storedVersions}`)).toBe('["v1","v2"]');
  });

  it('removes the objects with their definition', async () => {
    expect(await k().ok(`delete crd crontabs.${GROUP} --timeout=20s`)).toContain('deleted');
    expect(await k().fails('get crontabs')).toMatch(/doesn't have a resource type|could not find/);
    await k().ok('apply -f -', { input: definition(version('v1', true)) });
    await k().ok(`wait --for=condition=Established crd/crontabs.${GROUP} --timeout=20s`);
    // kubectl remembers for a while which versions there were.
    expect(await k().ok(`get crontabs.v1.${GROUP} -o name`)).toBe('');
  });
});
