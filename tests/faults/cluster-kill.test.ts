/**
 * Two processes that ingest and two that detect, over one cluster: by turns one of each is killed, some six times, at random
 * moments. Then every line is in the store once, and alerts and incidents are those of a calm run.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { describeCluster } from '../servers/cluster.ts'
import { openLine } from '../servers/line.ts'
import { eventually, openSeveral, type Several } from './processes.ts'
import { HTTP_SOURCE, openFile, openSender } from './traffic.ts'
import { random, runs } from '../random.ts'

const KILLS = runs(6)
/** In these rounds the dead stay dead until the other has taken over. */
const TAKEOVERS = new Set([0, 3])

await describeCluster('several processes', (cluster) => {
  let several: Several | undefined
  afterAll(() => several?.remove())

  test(`${KILLS} kills of each kind: events, alerts and incidents equal those of a calm run`, async () => {
    several = openSeveral(cluster)
    const { folder, stored, leases, covered } = several
    const seed = Number(process.env['VONGLAU_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
    console.log(`VONGLAU_TEST_SEED=${seed}`)
    const next = random(seed)
    const between = (least: number, most: number) => least + Math.floor(next() * (most - least))

    const files = [
      openFile(folder, 'proxy-1', 'nginx_access', seed + 1),
      openFile(folder, 'proxy-2', 'nginx_access', seed + 2),
      // So many that what happens often enough is not a matter of chance.
      openFile(folder, 'fw-1', 'fortinet_fortigate', seed + 3, 0.25),
    ]
    const ingest = ['ingest-1', 'ingest-2'].map((name) => several!.process(name, 'ingest', files))
    const detect = ['detect-1', 'detect-2'].map((name) => several!.process(name, 'detect', files))
    const every = [...ingest, ...detect]

    for (const file of files) file.write(50)
    // The first one has everything before the other one comes.
    await ingest[0]!.start()
    await eventually('the first process reads the files', async () => (await stored('fw-1')) === 50)
    await Promise.all([ingest[1]!.start(), ...detect.map((each) => each.start())])
    const before = await leases()

    let ticks = 0
    const writing = setInterval(() => {
      for (const file of files) file.write(1 + (ticks % 7))
      // Rotation by rename, of one after the other.
      if (++ticks % 30 === 0) files[(ticks / 30) % files.length]!.rotate()
    }, 200)
    const sender = openSender(() => ingest.flatMap((each) => each.url() ?? []), seed + 4)
    const seen: number[] = []
    const start = performance.now()
    const say = (what: string) => console.log(`${what} after ${((performance.now() - start) / 1000).toFixed(1)} s`)
    try {
      for (let kill = 0; kill < KILLS; kill++) {
        // Correlations run with the minute: a kill in the middle of them, where one is near.
        const minute = 60_000 - (Date.now() % 60_000)
        await sleep(minute < 5000 ? minute + between(0, 1500) : between(500, 2500))
        const victims = [ingest[kill % 2]!, detect[kill % 2]!]
        await victims[0]!.kill()
        await sleep(between(0, 1500))
        await victims[1]!.kill()
        if (TAKEOVERS.has(kill)) {
          const began = performance.now()
          const wanted = files.map(({ id, lines }) => ({ id, count: lines.length }))
          await eventually('the files are read by the process that lives', async () => {
            for (const { id, count } of wanted) if ((await stored(id)) < count) return false
            return true
          })
          console.log(`files read by the other after ${((performance.now() - began) / 1000).toFixed(1)} s`)
          if (kill === 0) {
            const after = await leases()
            for (const { id } of files) {
              expect(after.get(`source ${id}`)!.token).toBeGreaterThan(before.get(`source ${id}`)!.token)
              expect(after.get(`source ${id}`)!.holder).not.toBe(before.get(`source ${id}`)!.holder)
            }
          }
          const from = await covered()
          await eventually('the rules are run by the process that lives', async () => (await covered()) > from)
          console.log(`rules run by the other after ${((performance.now() - began) / 1000).toFixed(1)} s`)
        } else await sleep(between(200, 2500))
        seen.push(await covered())
        await Promise.all(victims.map((each) => each.start()))
      }
    } finally {
      clearInterval(writing)
      await sender.stop()
      if (process.env['VONGLAU_TEST_PRINT']) for (const each of every) console.log(each.name, each.printed())
    }
    say(`${KILLS} of each killed`)
    // The rules went on all the time, and never back.
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    await eventually('everything is stored', async () => {
      for (const { id, lines } of files) if ((await stored(id)) < lines.length) return false
      return (await stored(HTTP_SOURCE)) >= sender.accepted.length
    })
    say('everything stored')
    await Promise.all(every.map((each) => each.stop()))

    const { events, alerts, incidents } = await several.compare(files, sender.accepted, sender.unknown)
    say('compared')
    console.log(
      `${events} events, ${sender.accepted.length} of them over HTTP and ${sender.unknown.length} of requests that broke off, ${alerts.length} alerts, ${incidents.length} incidents`,
    )
    expect(sender.accepted.length).toBeGreaterThan(600)
    const rules = new Set(alerts.map((text) => (JSON.parse(text) as [string])[0]))
    expect([...rules].sort()).toEqual(
      // Which of the two of the VPN are among so few lines is chance.
      expect.arrayContaining(['ipv6-port-scan', 'portal-brute-force', 'sql-injection', expect.stringMatching(/^vpn-/)]),
    )
    expect(incidents.length).toBeGreaterThan(3)
  })

  test('a request of the dead that arrives when it runs again is refused, and its lines are stored once', async ({
    skip,
  }) => {
    if (!cluster.nodes[0]!.startsWith('http:'))
      skip('a line that keeps requests can be put before a server without TLS only')
    const line = await openLine(cluster.nodes[0]!)
    const one = openSeveral({ ...cluster, nodes: [line.url] })
    try {
      const { stored } = one
      const process = one.process('ingest', 'ingest', [])
      await process.start()
      const before = openSender(() => [process.url()!], 1)
      await eventually('it stores lines', async () => (await stored(HTTP_SOURCE)) > 0)
      // Whatever it sends from here on is stuck on its way, also what it sends again.
      const held = Array.from({ length: 50 }, () => line.hold(/^POST \S*-events-\S*_bulk/))
      const count = before.accepted.length
      await eventually('more comes', async () => line.failed() > 0 && before.accepted.length > count + 20)
      await before.stop()
      await process.kill()
      line.pass()
      await process.start()
      await eventually(
        'it stores what was in its spool',
        async () => (await stored(HTTP_SOURCE)) >= before.accepted.length,
      )
      expect(await held[0]!.arrive()).toMatch(/cluster_block_exception|index_not_found_exception/)
      await eventually('everything is stored', async () => (await stored(HTTP_SOURCE)) >= before.accepted.length)
      await process.stop()
      await one.compare([], before.accepted, before.unknown)
    } finally {
      await one.remove()
      await line.close()
    }
  })
})
