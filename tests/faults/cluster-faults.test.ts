/**
 * What happens to an index, a template, a mapping while the program runs over a cluster: it waits, or goes on, and says
 * what is wrong in one sentence; nothing is lost, nothing is there twice.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openClient } from '../../ingest/store/elasticsearch/connect.ts'
import { indexName, writeAlias } from '../../ingest/store/elasticsearch/events/indices.ts'
import { attack, OURS } from '../api/console.ts'
import { SCHEMA_VERSION } from '../../ingest/store/elasticsearch/events/schema.ts'
import { describeCluster, randomPrefix, removeAll } from '../servers/cluster.ts'
import { openClusterConsole, type ClusterConsole } from './cluster-console.ts'
import { eventsOf, sentence, until } from './place.ts'

let n = 0
const attacks = (count: number, ip = '198.51.100.66') =>
  Array.from({ length: count }, () => attack(OURS.host, `/dong-${n++}`, { ip }))

await describeCluster('in a cluster that runs', (cluster) => {
  const prefix = randomPrefix()
  let client: Client
  let console_: ClusterConsole
  beforeAll(async () => {
    client = openClient(cluster)
    console_ = await openClusterConsole(cluster, prefix)
  })
  afterAll(async () => {
    await console_?.close()
    await removeAll(client, prefix)
    await client.close()
  })
  /** The index that events of today go to. */
  const current = async () => {
    const found = Object.keys(await client.indices.get({ index: `${prefix}-events`, features: ['aliases'] }))
    return found.sort().at(-1)!
  }
  /** As the watermark of the disk does it. A server with room takes the block off by itself, now and then. */
  const readOnly = async (index: string): Promise<() => Promise<void>> => {
    const set = (value: true | null) =>
      client.indices.putSettings({ index, settings: { 'index.blocks.read_only_allow_delete': value as boolean } })
    await set(true)
    let held = true
    const holding = (async () => {
      for (; held; await sleep(200)) await set(true)
    })()
    return async () => {
      held = false
      await holding
      await set(null)
    }
  }
  const gone = () =>
    until('no problem is left', async () => {
      const problems = await console_.problems()
      return problems.length === 0
    })
  const said = async (what: RegExp) => {
    const found = await until(`health says ${what}`, async () => {
      const problems = await console_.problems()
      return problems.some((each) => what.test(each)) && problems
    })
    expect(found, 'one sentence').toEqual([expect.stringMatching(what)])
    return sentence(found[0]!)
  }

  test('nothing is wrong', async () => {
    console_.write(attacks(20))
    await console_.send(attacks(20))
    await console_.settled()
    await gone()
    // The machine of the tests has no log file of the demo; the store is what is asked about.
    expect((await console_.doctor()).filter((each) => /Elasticsearch|template|index/.test(each))).toEqual([])
  })

  test('events are read-only, as when a disk is nearly full: ingest waits, says so, and goes on by itself', async () => {
    const release = await readOnly(await current())
    console_.write(attacks(30))
    await console_.send(attacks(30))
    expect(await said(/read-only/)).toMatch(/disk of Elasticsearch at .*nearly full.*free space or add a node/)
    expect(sentence((await console_.doctor()).join('\n'))).toMatch(/read-only.*disk.*free space or add a node/)
    await release()
    await console_.settled()
    await gone()
  })

  test('so are alerts: the rules wait, say so, and cover everything afterwards', async () => {
    const release = await readOnly(`${prefix}-d-*`)
    await console_.send(attacks(3, '198.51.100.67'))
    expect(await said(/read-only/)).toMatch(/disk of Elasticsearch at .*nearly full.*free space or add a node/)
    await release()
    await console_.settled()
    await gone()
    await console_.running.minute()
    expect(await console_.alerts()).toEqual(await console_.calm())
  })

  test('an index of today has another mapping: what it refuses is a dead letter, the others go on', async () => {
    // A second process has a session, and so an index, of its own: somebody makes it before the program does.
    const other = await openClusterConsole(cluster, prefix, console_.lines)
    try {
      const session = await until('it has a session', async () => {
        await client.indices.refresh({ index: `${prefix}-sessions` })
        const sessions = await client.search<{ doc: { indices: string[] } }>({ index: `${prefix}-sessions`, size: 10 })
        return sessions.hits.hits.find(({ _source }) => _source!.doc.indices.length === 0)?._id
      })
      const index = indexName(prefix, new Date().toISOString().slice(0, 10), session, 0)
      await client.indices.create({
        index,
        settings: { 'index.mapping.ignore_malformed': false },
        mappings: { properties: { 'source.ip': { type: 'long' } } },
        aliases: { [writeAlias(index)]: {} },
      })
      const good = attacks(5).map((line) => line.replace('198.51.100.66', '-'))
      const bad = attacks(5, '198.51.100.68')
      await other.send([...good, ...bad])
      await other.settled()
      const kinds = (await eventsOf(other.running.installation.store.events)).flatMap((event) => {
        const line = String(event['event.original'])
        return good.includes(line) || bad.includes(line) ? [[line, event['event.kind'], event['error.message']]] : []
      })
      expect(Object.fromEntries(kinds.map(([line, ...rest]) => [line, rest]))).toEqual(
        Object.fromEntries([
          ...good.map((line) => [line, ['event', undefined]] as const),
          ...bad.map(
            (line) =>
              [
                line,
                [
                  'pipeline_error',
                  expect.stringMatching(/^Elasticsearch refused the event: .*source\.ip.* of type \[long\]/),
                ],
              ] as const,
          ),
        ]),
      )
      const wrong = expect.stringMatching(
        /the field source\.ip is long instead of ip in .*: what is searched .* delete that index/,
      )
      expect(await other.problems()).toEqual([wrong])
      expect(await console_.doctor()).toEqual([wrong])
      // What cannot be searched there is said with what is found elsewhere.
      const { body } = await console_.get(`/events?q=${encodeURIComponent('source.ip: 198.51.100.66')}`)
      expect(body.items.length).toBeGreaterThan(0)
      expect(body.missing).toHaveLength(1)
      // As the sentence says: with the index what was in it goes, and the problem.
      await client.indices.delete({ index })
      console_.lines.splice(-10)
      await gone()
      expect(await other.problems()).toEqual([])
    } finally {
      await other.close()
    }
  })

  test('a template that somebody changed, or deleted, is put back and said once', async () => {
    const name = `${prefix}-events-mappings`
    const warnings = () => console_.warned.filter((each) => /template/.test(each)).length
    const before = warnings()
    await client.cluster.putComponentTemplate({
      name,
      version: SCHEMA_VERSION,
      template: { mappings: { dynamic: true } },
    })
    expect(await said(/template/)).toMatch(
      /somebody had changed the template .*-events-mappings on Elasticsearch at .*put back/,
    )
    expect(await console_.problems()).toEqual([])
    await client.indices.deleteIndexTemplate({ name: `${prefix}-events` })
    expect((await console_.doctor()).filter((each) => /template/.test(each))).toEqual([
      expect.stringMatching(/somebody had deleted the template .*-events on Elasticsearch at .*put back/),
    ])
    expect(await console_.problems()).toEqual([])
    expect(warnings()).toBe(before + 2)
    await console_.send(attacks(5))
    await console_.settled()
  })
})
