import { join } from 'node:path';
import { mkdir, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { describeKubectl, itSince, kubectlMinor } from './kubectl/kubectl.ts';
import { configMap, deployment } from './kubectl/manifests.ts';

describeKubectl('kubectl, writing', (k) => {
  const read = (what: string, path: string): Promise<string> => k().ok(['get', ...what.split(' '), '-o', `jsonpath={${path}}`]);

  it('applies: creates, configures, leaves alone, and removes fields', async () => {
    expect(await k().ok('apply -f -', { input: deployment('applied', 1) })).toBe('deployment.apps/applied created\n');
    expect(await k().ok('apply -f -', { input: deployment('applied', 1) })).toBe('deployment.apps/applied unchanged\n');
    expect(await k().ok('apply -f -', { input: deployment('applied', 1, 'nginx:1.27') })).toBe('deployment.apps/applied configured\n');
    expect(await read('deployment applied', '.spec.template.spec.containers[0].image')).toBe('nginx:1.27');
    await k().ok('apply -f -', { input: configMap('merged', { a: '1', b: '2' }) });
    await k().ok(['patch', 'configmap', 'merged', '--type=merge', '-p', '{"data":{"c":"3"}}']);
    await k().ok('apply -f -', { input: configMap('merged', { b: '2' }) });
    expect(JSON.parse(await read('configmap merged', '.data'))).toEqual({ b: '2', c: '3' });
    expect(await k().ok('apply view-last-applied configmap merged -o json')).toContain('"b": "2"');
  });

  it('applies without doing it', async () => {
    const input = configMap('dry', { a: '1' });
    expect(await k().ok('apply -f - --dry-run=client', { input })).toBe('configmap/dry created (dry run)\n');
    expect(await k().ok('apply -f - --dry-run=server', { input })).toBe('configmap/dry created (server dry run)\n');
    expect(await k().fails('get configmap dry')).toMatch(/NotFound/);
  });

  itSince(22, 'applies on the server, where fields have owners', async () => {
    const mine = (color: string): string => configMap('owned', { color });
    expect(await k().ok('apply --server-side --field-manager=me -f -', { input: mine('blue') })).toBe('configmap/owned serverside-applied\n');
    expect(await k().ok('get configmap owned -o yaml --show-managed-fields')).toMatch(/manager: me\n +operation: Apply/);
    const conflict = await k().fails('apply --server-side --field-manager=you -f -', { input: mine('green') });
    expect(conflict).toMatch(/conflicts? with "me":?\s+(- )?\.data\.color/);
    await k().ok('apply --server-side --field-manager=you --force-conflicts -f -', { input: mine('green') });
    expect(await read('configmap owned', '.data.color')).toBe('green');
    expect((await k().run('diff --server-side --field-manager=you -f -', { input: mine('red') })).out).toMatch(/^\+ +color: red$/m);
    // What is applied no more, and nobody else owns, goes.
    await k().ok('apply --server-side --field-manager=you -f -', { input: configMap('owned', { size: 'big' }) });
    expect(JSON.parse(await read('configmap owned', '.data'))).toEqual({ size: 'big' });
  });

  it('prunes', async () => {
    // Without a list kubectl looks at kinds of its own time, some of which are not served any more.
    const only = `--prune-${kubectlMinor < 26 ? 'white' : 'allow'}list=core/v1/ConfigMap`;
    await k().ok(`apply -f - --prune -l prune=yes ${only}`, {
      input: `---\n${configMap('kept', {}, { prune: 'yes' })}---\n${configMap('pruned', {}, { prune: 'yes' })}`,
    });
    expect(await k().ok(`apply -f - --prune -l prune=yes ${only}`, { input: configMap('kept', {}, { prune: 'yes' }) })).toBe(
      'configmap/kept unchanged\nconfigmap/pruned pruned\n',
    );
  });

  it('shows differences', async () => {
    await k().ok('apply -f -', { input: configMap('differs', { a: '1' }) });
    const { code, out } = await k().run('diff -f -', { input: configMap('differs', { a: '2' }) });
    expect(code).toBe(1);
    expect(out).toMatch(/^-\s+a: "1"$/m);
    expect(out).toMatch(/^\+\s+a: "2"$/m);
    expect((await k().run('diff -f -', { input: configMap('differs', { a: '1' }) })).code).toBe(0);
  });

  it('refuses what is not valid, on both sides', async () => {
    const bad = '---\n{apiVersion: v1, kind: Pod, metadata: {name: bad}, spec: {containers: [{name: a, image: b, imagee: c}]}}';
    expect(await k().fails('apply -f -', { input: bad })).toMatch(/unknown field "?(spec\.containers\[0\]\.)?imagee"?/);
    const wrong = `---
{apiVersion: v1, kind: Pod, metadata: {name: bad}, spec: {containers: [{name: A_, image: b, volumeMounts: [{name: nothing, mountPath: /x}]}]}}`;
    const said = await k().fails('create -f -', { input: wrong });
    expect(said).toMatch(/The Pod "bad" is invalid: *\n\* spec\.containers\[0\]\.name: Invalid value: "A_"/);
    expect(said).toMatch(/\n\* spec\.containers\[0\]\.volumeMounts\[0\]\.name: Not found: "nothing"/);
  });

  it.each([
    { name: 'a Deployment', args: 'deployment gen --image=nginx --replicas=0', said: 'deployment.apps/gen created' },
    { name: 'a Service', args: 'service clusterip gen --tcp=80:8080', said: 'service/gen created' },
    { name: 'a NodePort', args: 'service nodeport gen-np --tcp=80', said: 'service/gen-np created' },
    { name: 'a name for another', args: 'service externalname gen-en --external-name=example.com', said: 'service/gen-en created' },
    { name: 'a ConfigMap', args: 'configmap gen --from-literal=a=b', said: 'configmap/gen created' },
    { name: 'a Secret', args: 'secret generic gen --from-literal=a=b', said: 'secret/gen created' },
    { name: "a registry's Secret", args: 'secret docker-registry gen-reg --docker-username=u --docker-password=p', said: 'secret/gen-reg created' },
    { name: 'a Namespace', args: 'namespace gen', said: 'namespace/gen created' },
    { name: 'a ServiceAccount', args: 'serviceaccount gen', said: 'serviceaccount/gen created' },
    { name: 'a Role', args: 'role gen --verb=get,list --resource=pods,deployments.apps', said: 'role.rbac.authorization.k8s.io/gen created' },
    {
      name: 'a RoleBinding',
      args: 'rolebinding gen --role=gen --user=anna --serviceaccount=default:gen',
      said: 'rolebinding.rbac.authorization.k8s.io/gen created',
    },
    { name: 'a ClusterRole', args: 'clusterrole gen --verb=get --non-resource-url=/metrics', said: 'clusterrole.rbac.authorization.k8s.io/gen created' },
    {
      name: 'a ClusterRoleBinding',
      args: 'clusterrolebinding gen --clusterrole=gen --group=all',
      said: 'clusterrolebinding.rbac.authorization.k8s.io/gen created',
    },
    { name: 'a Job', args: 'job gen --image=busybox -- sh -c true', said: 'job.batch/gen created' },
    { name: 'a quota', args: 'quota gen --hard=pods=500', said: 'resourcequota/gen created' },
    { name: 'a priority class', args: 'priorityclass gen --value=7', said: 'priorityclass.scheduling.k8s.io/gen created' },
    { name: 'an Ingress', args: 'ingress gen --class=c --rule=example.com/*=gen:80', said: 'ingress.networking.k8s.io/gen created' },
    // Older versions of kubectl create these by beta versions of their kinds, which Kubernetes 1.36 does not serve any more.
    ...(kubectlMinor < 21
      ? []
      : [
          { name: 'a CronJob', args: ['create', 'cronjob', 'gen', '--image=busybox', '--schedule=0 4 * * *', '--', 'date'], said: 'cronjob.batch/gen created' },
          { name: 'a disruption budget', args: 'poddisruptionbudget gen --selector=app=gen --min-available=1', said: 'poddisruptionbudget.policy/gen created' },
        ]),
  ])('creates $name', async ({ args, said }) => {
    expect(await k().ok(typeof args === 'string' ? `create ${args}` : args)).toBe(`${said}\n`);
    const [resource = ''] = said.split(' ');
    expect(await k().ok(`get ${resource} -o name`)).toBe(`${resource}\n`);
  });

  it('creates a Pod and removes it again', async () => {
    expect(await k().ok('run lonely --image=nginx --labels=solo=yes')).toBe('pod/lonely created\n');
    await k().ok('wait --for=condition=Ready pod/lonely --timeout=25s');
    expect(await k().ok('delete pod lonely --grace-period=1')).toMatch(/^pod "lonely" deleted/);
    expect(await k().fails('get pod lonely')).toMatch(/NotFound/);
  });

  it('refuses to create what is there', async () => {
    await k().ok('create configmap twice');
    expect(await k().fails('create configmap twice')).toMatch(/configmaps "twice" already exists/);
  });

  it('edits', async () => {
    await k().ok('create configmap edited --from-literal=color=blue');
    const editor = await k().file('editor.sh', '#!/bin/sh\nsed -i s/blue/green/ "$1"\n');
    expect(await k().ok('edit configmap edited', { env: { KUBE_EDITOR: `sh ${editor}` } })).toBe('configmap/edited edited\n');
    expect(await read('configmap edited', '.data.color')).toBe('green');
    const idle = await k().file('idle.sh', '#!/bin/sh\nexit 0\n');
    expect((await k().run('edit configmap edited', { env: { KUBE_EDITOR: `sh ${idle}` } })).err).toMatch(/no changes made/);
  });

  it('patches in three ways', async () => {
    await k().ok('apply -f -', { input: deployment('patched', 0) });
    await k().ok(['patch', 'deployment', 'patched', '-p', '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"busybox"}]}}}}']);
    expect(await read('deployment patched', '.spec.template.spec.containers[*].name')).toBe('side main');
    await k().ok([
      'patch',
      'deployment',
      'patched',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"nginx:2"}]',
    ]);
    expect(await read('deployment patched', '.spec.template.spec.containers[0].image')).toBe('nginx:2');
    await k().ok(['patch', 'deployment', 'patched', '--type=merge', '-p', '{"metadata":{"labels":{"a":"b","app":null}}}']);
    expect(JSON.parse(await read('deployment patched', '.metadata.labels'))).toEqual({ a: 'b' });
    expect(await k().ok(['patch', 'deployment', 'patched', '-p', '{}'])).toMatch(/patched \(no change\)/);
  });

  itSince(24, 'patches a subresource', async () => {
    await k().ok('apply -f -', { input: deployment('sub', 0) });
    expect(await k().ok('get deployment sub --subresource=scale')).toMatch(/^NAME +DESIRED +AVAILABLE +AGE *\nsub +0 +0 +\d+s/);
    await k().ok(['patch', 'deployment', 'sub', '--subresource=scale', '--type=merge', '-p', '{"spec":{"replicas":1}}']);
    expect(await read('deployment sub', '.spec.replicas')).toBe('1');
  });

  it('replaces', async () => {
    await k().ok('create -f -', { input: configMap('replaced', { a: '1', b: '2' }) });
    expect(await k().ok('replace -f -', { input: configMap('replaced', { c: '3' }) })).toBe('configmap/replaced replaced\n');
    expect(JSON.parse(await read('configmap replaced', '.data'))).toEqual({ c: '3' });
    const file = await k().file('replaced.json', configMap('replaced', { d: '4' }));
    expect(await k().ok(`replace --force -f ${file}`)).toMatch(/configmap\/replaced replaced/);
    const stale = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'replaced', resourceVersion: '1' } });
    expect(await k().fails('replace -f -', { input: stale })).toMatch(/Conflict|the object has been modified/);
  });

  it('labels and annotates', async () => {
    await k().ok('create configmap marked');
    expect(await k().ok('label configmap marked tier=front')).toBe('configmap/marked labeled\n');
    expect(await k().fails('label configmap marked tier=back')).toMatch(/already has a value/);
    await k().ok('label configmap marked tier=back --overwrite');
    expect(await read('configmap marked', '.metadata.labels.tier')).toBe('back');
    expect(await k().ok('label configmap marked tier-')).toMatch(/configmap\/marked (un)?labeled/);
    expect(await k().ok('annotate configmap marked who=me')).toMatch(/^configmap\/marked annotated?$/m);
    expect(await read('configmap marked', '.metadata.annotations.who')).toBe('me');
    expect(await k().fails('label configmap marked bad=va/lue')).toMatch(/metadata\.labels: Invalid value|invalid label value/);
  });

  it('deletes: by name, by label, all, with and without what depends on it', async () => {
    await k().ok('apply -f -', { input: deployment('doomed', 1) });
    await k().ok('rollout status deployment/doomed --timeout=25s');
    expect(await k().ok('delete deployment doomed --cascade=orphan')).toMatch(/^deployment\.apps "doomed" deleted/);
    expect(await k().ok('get replicasets -l app=doomed -o name')).toMatch(/replicaset\.apps\/doomed-/);
    expect(await k().ok('delete replicasets -l app=doomed --cascade=foreground')).toMatch(/replicaset\.apps "doomed-[a-z0-9]+" deleted/);
    expect(await k().ok('get pods -l app=doomed -o name')).toBe('');
    await k().ok('create configmap gone-1');
    expect(await k().ok('delete configmap gone-1 --wait=false')).toMatch(/deleted/);
    expect(await k().ok('delete configmap gone-1 --ignore-not-found')).toBe('');
    await k().ok('create namespace short');
    await k().ok('create configmap a -n short');
    await k().ok('delete configmaps --all -n short');
    expect(await k().ok('delete namespace short --timeout=25s')).toMatch(/namespace "short" deleted/);
    expect(await k().fails('get namespace short')).toMatch(/NotFound/);
  });

  it('deletes a Pod by force', async () => {
    await k().ok('run forced --image=nginx');
    await k().ok('wait --for=condition=Ready pod/forced --timeout=25s');
    expect((await k().run('delete pod forced --force --grace-period=0')).out).toMatch(/pod "forced" force deleted/);
    expect(await k().fails('get pod forced')).toMatch(/NotFound/);
  });

  it('takes kustomizations', async () => {
    const folder = join(k().folder, 'kustom');
    await mkdir(folder);
    await writeFile(join(folder, 'kustomization.yaml'), 'namePrefix: pre-\nresources: [cm.yaml]\nconfigMapGenerator: [{name: made, literals: [a=b]}]\n');
    await writeFile(join(folder, 'cm.yaml'), configMap('base', { x: 'y' }));
    expect(await k().ok('kustomize kustom')).toMatch(/name: pre-base/);
    const said = await k().ok('apply -k kustom');
    expect(said).toMatch(/configmap\/pre-made-[a-z0-9]+ created/);
    expect(said).toMatch(/configmap\/pre-base created/);
    expect(await k().ok('delete -k kustom')).toMatch(/configmap "pre-base" deleted/);
  });
});
