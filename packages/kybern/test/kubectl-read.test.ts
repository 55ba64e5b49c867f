import { expect, it } from 'vitest';
import { describeKubectl } from './kubectl/kubectl.ts';

describeKubectl('reading', (k) => {
  it('tells versions', async () => {
    expect(await k().ok('version --output=json')).toMatch(/"gitVersion": "v1\.36/);
  });
});
