import { beforeAll, expect, it } from 'vitest';
import { describeKubectl, itSince } from './kubectl/kubectl.ts';
import { deployment } from './kubectl/manifests.ts';

describeKubectl('kubectl, running things', (k) => {
  const read = (what: string, path: string): Promise<string> => k().ok(['get', ...what.split(' '), '-o', `jsonpath={${path}}`]);
  const rolledOut = (name: string): Promise<string> => k().ok(`rollout status deployment/${name} --timeout=28s`);

  beforeAll(async () => {
    await k().ok('apply -f -', { input: deployment('web', 2) });
    expect(await rolledOut('web')).toMatch(/deployment "web" successfully rolled out/);
  });

  it('scales', async () => {
    expect(await k().ok('scale deployment web --replicas=3')).toMatch(/^deployment\.apps\/web scaled/);
    await rolledOut('web');
    expect(await read('deployment web', '.status.readyReplicas')).toBe('3');
    expect(await k().fails('scale deployment web --replicas=5 --current-replicas=1')).toMatch(/Expected replicas to be 1, was 3/);
    await k().ok('scale deployment web --replicas=2 --current-replicas=3');
    await rolledOut('web');
  });

  it('exposes', async () => {
    expect(await k().ok('expose deployment web --port=80 --target-port=8080 --name=exposed')).toBe('service/exposed exposed\n');
    expect(await read('service exposed', '.spec.selector.app')).toBe('web');
    expect(await read('service exposed', '.spec.ports[0].targetPort')).toBe('8080');
  });

  it('scales by itself', async () => {
    expect(await k().ok('autoscale deployment web --min=1 --max=5 --cpu-percent=80')).toMatch(/horizontalpodautoscaler\.autoscaling\/web autoscaled/);
    expect(await k().ok('get hpa web')).toMatch(/^web +Deployment\/web +(cpu: )?<unknown>\/80% +1 +5 +\d+ +\d+s$/m);
    await k().ok('delete hpa web');
  });

  it('sets images, environment, resources and accounts', async () => {
    expect(await k().ok('set image deployment/web main=nginx:1.26')).toBe('deployment.apps/web image updated\n');
    await rolledOut('web');
    expect(await k().ok('set env deployment/web SIZE=big COLOR-')).toBe('deployment.apps/web env updated\n');
    expect(await k().ok('set env deployment/web --list')).toMatch(/SIZE=big/);
    expect(await k().ok('set resources deployment web --limits=memory=128Mi')).toBe('deployment.apps/web resource requirements updated\n');
    expect(await read('deployment web', '.spec.template.spec.containers[0].resources.limits.memory')).toBe('128Mi');
    expect(await k().ok('set serviceaccount deployment web default')).toMatch(/serviceaccount updated/);
    await rolledOut('web');
    await k().ok('create service clusterip chosen --tcp=80');
    expect(await k().ok('set selector service chosen app=web')).toMatch(/selector updated/);
  });

  it('rolls out, looks back, and rolls back', async () => {
    await k().ok('apply -f -', { input: deployment('roll', 1) });
    await rolledOut('roll');
    await k().ok('set image deployment/roll main=nginx:1.26');
    await rolledOut('roll');
    const history = await k().ok('rollout history deployment/roll');
    expect(history).toMatch(/^1 +<none>$/m);
    expect(history).toMatch(/^2 +<none>$/m);
    expect(await k().ok('rollout history deployment/roll --revision=1')).toMatch(/Image:\s+nginx:1\.25/);
    expect(await k().ok('rollout undo deployment/roll')).toMatch(/^deployment\.apps\/roll rolled back/);
    await rolledOut('roll');
    expect(await read('deployment roll', '.spec.template.spec.containers[0].image')).toBe('nginx:1.25');
    await k().ok('rollout undo deployment/roll --to-revision=2');
    await rolledOut('roll');
    expect(await read('deployment roll', '.spec.template.spec.containers[0].image')).toBe('nginx:1.26');
  });

  it('restarts, pauses and resumes', async () => {
    const before = await k().ok('get pods -l app=web -o name');
    expect(await k().ok('rollout restart deployment/web')).toBe('deployment.apps/web restarted\n');
    await rolledOut('web');
    // It may be over before kubectl begins to wait, which older versions take for a mistake.
    await k().run(`wait --for=delete --timeout=25s ${before.trim().split('\n').join(' ')}`);
    for (const pod of before.trim().split('\n')) expect(await k().fails(`get ${pod}`)).toMatch(/NotFound/);
    expect(await k().ok('rollout pause deployment/web')).toBe('deployment.apps/web paused\n');
    await k().ok('set image deployment/web main=nginx:1.28');
    expect(await k().fails('rollout restart deployment/web')).toMatch(/can't restart paused deployment/);
    expect(await k().ok('rollout resume deployment/web')).toBe('deployment.apps/web resumed\n');
    await rolledOut('web');
    expect(await k().ok('get pods -l app=web -o jsonpath={.items[*].spec.containers[0].image}')).toContain('nginx:1.28');
  });

  it('rolls out sets of other kinds', async () => {
    const set = (kind: string, more: object): string =>
      JSON.stringify({
        apiVersion: 'apps/v1',
        kind,
        metadata: { name: 'other' },
        spec: {
          selector: { matchLabels: { app: `other-${kind}` } },
          template: { metadata: { labels: { app: `other-${kind}` } }, spec: { containers: [{ name: 'a', image: 'nginx' }] } },
          ...more,
        },
      });
    await k().ok('apply -f -', { input: ['', set('StatefulSet', { serviceName: 'other', replicas: 2 }), set('DaemonSet', {})].join('\n---\n') });
    expect(await k().ok('rollout status statefulset/other --timeout=28s')).toMatch(/partitioned roll out complete|rolling update complete/);
    expect(await k().ok('rollout status daemonset/other --timeout=28s')).toMatch(/daemon set "other" successfully rolled out/);
    expect(await k().ok('get statefulset,daemonset')).toMatch(/statefulset\.apps\/other +2\/2 /);
    expect(await k().ok('describe statefulset other')).toMatch(/Pods Status: +2 Running/);
    expect(await k().ok('describe daemonset other')).toMatch(/Number of Nodes Scheduled with Available Pods: 3/);
    expect(await k().ok('rollout history statefulset/other')).toMatch(/^1 /m);
    await k().ok('delete statefulset,daemonset other');
  });

  it('runs Jobs to their end', async () => {
    await k().ok('create job once --image=busybox -- true');
    expect(await k().ok('describe job once')).toMatch(/Completions: +1/);
    expect(await k().ok('get job once -o wide')).toMatch(/^once +\w+ +\d\/1 /m);
  });

  it('waits for conditions and for the end', async () => {
    await k().ok('run waited --image=nginx');
    expect(await k().ok('wait --for=condition=Ready pod/waited --timeout=25s')).toBe('pod/waited condition met\n');
    expect(await k().ok('wait --for=condition=Available deployment --all --timeout=25s')).toMatch(/deployment\.apps\/web condition met/);
    expect(await k().fails('wait --for=condition=Nothing pod/waited --timeout=1s')).toMatch(/timed out waiting for the condition/);
    const waiting = k().run('wait --for=delete pod/waited --timeout=25s');
    await k().ok('delete pod waited --wait=false');
    expect(await waiting).toMatchObject({ code: 0 });
  });

  itSince(23, 'waits for values', async () => {
    expect(await k().ok('wait --for=jsonpath={.status.readyReplicas}=2 deployment/web --timeout=25s')).toBe('deployment.apps/web condition met\n');
  });

  it('cordons, taints and drains Nodes', async () => {
    expect(await k().ok('cordon node-1')).toBe('node/node-1 cordoned\n');
    expect(await k().ok('get node node-1')).toMatch(/^node-1 +Ready,SchedulingDisabled /m);
    expect(await k().ok('uncordon node-1')).toBe('node/node-1 uncordoned\n');
    expect(await k().ok('taint node node-2 team=a:NoSchedule')).toBe('node/node-2 tainted\n');
    expect(await k().ok('describe node node-2')).toMatch(/^Taints: +team=a:NoSchedule$/m);
    expect(await k().ok('taint node node-2 team-')).toBe('node/node-2 untainted\n');
    const drained = await k().ok('drain node-3 --ignore-daemonsets --force --delete-emptydir-data --timeout=28s');
    expect(drained).toMatch(/node\/node-3 (drained|evicted)/);
    expect(await k().ok('get pods --field-selector spec.nodeName=node-3 -o name')).toBe('');
    await rolledOut('web');
    await k().ok('uncordon node-3');
    expect(await k().ok('label node node-3 node-role.kubernetes.io/worker=')).toMatch(/labeled/);
    expect(await k().ok('get nodes')).toMatch(/^node-3 +Ready +worker /m);
  });
});
