/**
 * A process that is paused for longer than others wait for it (SIGSTOP), in the middle of its work: an ingest in the
 * middle of writing, a leader of detection in the middle of a run. Others go on; when it wakes, what it still sends is
 * refused. No event is missed, none is counted twice: alerts and incidents are those of a calm run.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { describeCluster } from '../servers/cluster.ts'
import { eventually, openSeveral, type Several } from './processes.ts'
import { HTTP_SOURCE, openFile, openSender } from './traffic.ts'

const ANEW = /was paused, or cut off from Elasticsearch.* begins anew/g

await describeCluster('a process that is paused', (cluster) => {
  let several: Several | undefined
  afterAll(() => several?.remove())

  test('an ingest while it writes, a leader while it runs rules: nothing is missed, nothing counted twice', async () => {
    several = openSeveral(cluster)
    const { client, prefix, folder, stored, leases, covered, coveredByAll } = several
    const files = [
      openFile(folder, 'proxy-1', 'nginx_access', 1, 0.004),
      openFile(folder, 'fw-1', 'fortinet_fortigate', 2, 0.004),
      openFile(folder, 'attacks', 'nginx_access', 3, 1),
    ]
    const all = () => files.reduce((sum, { lines }) => sum + lines.length, 0)
    const inStore = async () => {
      let sum = 0
      for (const { id } of files) sum += await stored(id)
      return sum
    }
    const begun = (text: string) => text.match(ANEW)?.length ?? 0
    const [first, second] = ['ingest-1', 'ingest-2'].map((name) => several!.process(name, 'ingest', files))
    const [leader, successor] = ['detect-1', 'detect-2'].map((name) => several!.process(name, 'detect', files))

    for (const file of files) file.write(30)
    // The first one has the files before the other one comes.
    await first!.start()
    await eventually('the first process reads the files', async () => (await inStore()) === all())
    await Promise.all([second!.start(), leader!.start()])
    const sender = openSender(() => [first!, second!].flatMap((each) => each.url() ?? []), 4, 0.01)
    try {
      // An ingest, while more waits to be written than it can write at once.
      const held = await leases()
      for (let behind = 0; behind === 0; ) {
        const before = await inStore()
        files[0]!.write(8000)
        files[1]!.write(3000)
        await eventually('it writes', async () => (await inStore()) > before)
        first!.pause()
        behind = all() - (await inStore())
        if (behind === 0) first!.resume()
      }
      const paused = Date.now()
      const began = performance.now()
      const seconds = () => ((performance.now() - began) / 1000).toFixed(1)
      await eventually('the other has everything', async () => (await inStore()) === all())
      console.log(`files read by the other after ${seconds()} s`)
      // Each lease ends by itself: a file that brought nothing meanwhile may be taken after those that did.
      await eventually('the other has taken every file', async () => {
        const taken = await leases()
        return files.every(({ id }) => taken.get(`source ${id}`)!.token > held.get(`source ${id}`)!.token)
      })
      await eventually('detection covers what came meanwhile', async () => (await covered()) > paused)
      console.log(`rules past the pause after ${seconds()} s`)
      for (const file of files) file.write(20)
      first!.resume()
      await eventually('it begins anew', async () => begun(first!.printed()) > 0)

      // The leader, in the middle of a run.
      await successor!.start()
      const running = async () => {
        const index = `${prefix}-d-ledger`
        await client.indices.refresh({ index })
        const { hits } = await client.search<{ doc: { running?: object } }>({ index, size: 1000 })
        return hits.hits.some(({ _source }) => _source!.doc.running !== undefined)
      }
      for (let caught = false; !caught; ) {
        files[2]!.write(400)
        await eventually('a run begins', running)
        leader!.pause()
        // What is on its way arrives.
        await sleep(1000)
        caught = await running()
        if (!caught) leader!.resume()
      }
      const token = (await leases()).get('detect')!.token
      await eventually('the other leads', async () => ((await leases()).get('detect')?.token ?? 0) > token)
      const led = Date.now()
      await eventually('everything is stored', async () => (await inStore()) === all())
      await eventually('and covered', async () => (await covered()) > led && !(await running()))
      const versions = async () => {
        const index = [`${prefix}-d-alerts`, `${prefix}-d-incidents`]
        await client.indices.refresh({ index })
        const { hits } = await client.search({ index, size: 10_000, _source: false, seq_no_primary_term: true })
        return hits.hits.map(({ _index, _id, _seq_no }) => `${_index} ${_id} ${_seq_no}`).sort()
      }
      // Nothing else writes alerts then: no line comes any more, and every rule, also those that run with the minute, has
      // looked at all there are.
      await sender.stop()
      await eventually('what was sent is stored', async () => (await stored(HTTP_SOURCE)) >= sender.accepted.length)
      const last = Date.now()
      await eventually('every rule has covered it', async () => (await coveredByAll()) > last && !(await running()))
      let before: string[] = []
      await eventually('nobody writes alerts', async () => {
        before = await versions()
        await sleep(3000)
        return JSON.stringify(await versions()) === JSON.stringify(before)
      })
      leader!.resume()
      await eventually('it begins anew', async () => begun(leader!.printed()) > 0)
      await sleep(1000)
      expect(await versions()).toEqual(before)
      for (const file of files) file.write(50)
      await eventually('everything is stored', async () => (await inStore()) === all())
      await eventually('what was sent', async () => (await stored(HTTP_SOURCE)) >= sender.accepted.length)
    } finally {
      await sender.stop()
      for (const each of [first!, second!, leader!, successor!]) {
        each.resume()
        if (process.env['VONGLAU_TEST_PRINT']) console.log(each.name, each.printed())
      }
    }
    await Promise.all([first!, second!, leader!, successor!].map((each) => each.stop()))
    const { events, alerts, incidents } = await several.compare(files, sender.accepted, sender.unknown)
    console.log(`${events} events, ${alerts.length} alerts, ${incidents.length} incidents`)
    expect(alerts.length).toBeGreaterThan(30)
    expect(incidents.length).toBeGreaterThanOrEqual(3)
  })
})
