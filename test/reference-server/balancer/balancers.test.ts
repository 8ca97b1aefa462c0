import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Balancer, balancerConfig } from '../../../reference-server/balancer/balancer.ts';
import { startHaproxy } from '../../../reference-server/balancer/haproxy.ts';
import { startNginx } from '../../../reference-server/balancer/nginx.ts';
import { startOwnBalancer } from '../../../reference-server/balancer/own-balancer.ts';
import { Client, drive, PATIENT, Upstream, without } from './upstreams.ts';

const KINDS = [
  { kind: 'inferometer', start: startOwnBalancer, missing: undefined },
  { kind: 'haproxy', start: startHaproxy, missing: without('haproxy') },
  { kind: 'nginx', start: startNginx, missing: without('nginx') },
] as const;

/** What every balancer must do, whoever wrote it. */
describe.each(KINDS)('$kind', ({ kind, start, missing }) => {
  // Its reload closes connections on which a client may just be sending.
  const keepsIdle = kind !== 'nginx';

  describe.skipIf(missing !== undefined)(missing ?? 'as a front door', () => {
    let [a, b] = [] as unknown as [Upstream, Upstream];
    const others: Upstream[] = [];
    let balancer: Balancer;

    beforeEach(async () => {
      [a, b] = [await Upstream.start('a'), await Upstream.start('b')];
      const replicas = [a, b].map(({ name, url }) => ({ name, url }));
      balancer = await start(balancerConfig.parse({ kind, policy: 'roundRobin', replicas, atMost: 4 }));
      for (const replica of replicas) await balancer.add(replica);
    });
    afterEach(async () => {
      await balancer.stop();
      for (const upstream of [a, b, ...others.splice(0)]) upstream.die();
    });

    test('passes on bodies of every size whole, to every replica, and counts each arrival', async () => {
      const client = new Client(balancer.url);
      const sizes = [0, 1, 4096, 65_535, 65_536, 65_537, 600_000, 3_000_000];
      const bodies = [...sizes, ...sizes].map((size) => randomBytes(size));
      const said = await Promise.all(bodies.map((body, index) => client.post(`${index}`, body)));
      for (const [index, { status, body }] of said.entries()) {
        expect(status).toBe(200);
        expect(body.equals(bodies[index] ?? Buffer.alloc(1))).toBe(true);
      }
      expect(new Set([...a.seen, ...b.seen]).size).toBe(bodies.length);
      expect(a.seen.length).toBeGreaterThan(0);
      expect(b.seen.length).toBeGreaterThan(0);
      expect((await balancer.status()).arrivals).toBe(bodies.length);
      client.close();
    });

    test('a replica is replaced under load: nothing is lost, nothing sent twice, the old one gets nothing more', async () => {
      const load = drive(balancer.url, 8);
      await expect.poll(() => a.seen.length, PATIENT).toBeGreaterThan(20);
      const c = await Upstream.start('c');
      others.push(c);
      await balancer.add({ name: 'c', url: c.url });
      expect(await balancer.remove('a', 5000)).toBe(true);
      const givenToA = a.seen.length;
      await expect.poll(() => c.seen.length, PATIENT).toBeGreaterThan(20);
      const statuses = await load.end();
      expect(a.seen.length).toBe(givenToA);
      const seen = [...a.seen, ...b.seen, ...c.seen];
      expect(new Set(seen).size).toBe(seen.length);
      expect(statuses.length).toBe(load.asked());
      const broken = statuses.filter((status) => status !== 200);
      if (keepsIdle) expect(broken).toEqual([]);
      else expect(broken.every((status) => status === 0)).toBe(true);
      if (keepsIdle) expect((await balancer.status()).arrivals).toBe(statuses.length);
      expect((await balancer.status()).replicas.map(({ name }) => name).sort()).toEqual(['b', 'c']);
    });

    test('a replica dies under load: what it had fails, all else is answered, and every request has one end', async () => {
      const load = drive(balancer.url, 8);
      await expect.poll(() => a.seen.length, PATIENT).toBeGreaterThan(20);
      a.holds = true;
      await expect.poll(() => a.held.length, PATIENT).toBeGreaterThan(0);
      a.die();
      const afterDeath = b.seen.length;
      await expect.poll(() => b.seen.length, PATIENT).toBeGreaterThan(afterDeath + 50);
      const statuses = await load.end();
      expect(statuses.length).toBe(load.asked());
      // HAProxy may close the client's connection without an answer instead.
      const failed = statuses.filter((status) => status !== 200);
      expect(failed.every((status) => status === 502 || (kind === 'haproxy' && status === 0))).toBe(true);
      // Those at least, and no more than the clients can have had there.
      expect(failed.length).toBeGreaterThan(0);
      expect(failed.length).toBeLessThanOrEqual(8);
      expect((await balancer.status()).arrivals).toBe(statuses.length);
      const seen = [...a.seen, ...b.seen];
      expect(new Set(seen).size).toBe(seen.length);
    });

    test('a replica that is to go is waited for, and not for ever', async () => {
      const client = new Client(balancer.url);
      a.holds = true;
      const said = Promise.all(['1', '2'].map((id) => client.post(id, Buffer.from(id))));
      await expect.poll(() => a.held.length + b.seen.length, PATIENT).toBe(2);
      expect(await balancer.remove('a', 100)).toBe(false);
      a.letGo();
      expect((await said).map(({ status }) => status)).toEqual([200, 200]);
      client.close();
    });
  });
});
