/**
 * A cluster that goes away in the middle of everything, refuses the program, is too busy, or has no room: what was accepted
 * is stored once, what the rules find is what a calm run finds, an edit is done once or refused, and it says why.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { AlertDetail, AlertRow, AuditRow } from '../../api/contract.ts'
import { openClient } from '../../ingest/store/elasticsearch/connect.ts'
import { attack, OURS, request } from '../api/console.ts'
import { randomPrefix } from '../servers/cluster.ts'
import { Unavailable } from '../servers/distribution.ts'
import { type Server, startElasticsearch } from '../servers/elasticsearch.ts'
import { type ClusterConsole, clusterYaml, openClusterConsole } from './cluster-console.ts'
import { openPlace, refusal, sentence, until } from './place.ts'

/** Writes that wait at most for the threads that write, one a core. */
const QUEUE = 4
let server: Server
let unavailable = ''
try {
  server = await startElasticsearch({
    heap: '512m',
    security: true,
    writeQueue: QUEUE,
    settings: { 'resource.reload.interval.high': '1s', 'cluster.info.update.interval': '10s' },
  })
} catch (error) {
  if (!(error instanceof Unavailable) || process.env['CI'] === 'true') throw error
  unavailable = ` (skipped: ${error.message})`
}

const AWAY = /Elasticsearch at https:.* does not answer .*see that it runs and that this machine reaches/
/** As elasticsearch-users writes it for the password 'another-password'. */
const ANOTHER = '$2a$10$ch5z7Kj6p/cBkZQcO4Z8WOsJAeiuIMNRUW21Hxj0rUeG/VAunPrFy'
let n = 0
const attacks = (count: number, ip = (i: number) => `198.51.100.${i % 5}`) =>
  Array.from({ length: count }, (_, i) => attack(OURS.host, `/dong-${n++}`, { ip: ip(i) }))

describe.skipIf(unavailable !== '')(`a cluster with users${unavailable}`, () => {
  const prefix = randomPrefix()
  let admin: Client
  let console_: ClusterConsole
  const cluster = () => ({ nodes: [server.url], user: 'vonglau', password: server.password, ca: server.ca })
  beforeAll(async () => {
    admin = openClient({ ...cluster(), user: 'admin' })
    console_ = await openClusterConsole(cluster(), prefix)
  })
  afterAll(async () => {
    await console_?.close()
    await admin?.close()
    await server?.stop()
  })
  const gone = () =>
    until('no problem is left', async () => {
      const problems = await console_.problems()
      return problems.length === 0
    })
  const notes = ({ activity }: AlertDetail) => activity.flatMap(({ what, text }) => (what === 'note' ? [text] : []))

  test('a wrong password, a certificate that is not trusted: exit code 1 and one sentence, and doctor says the same', async () => {
    const CASES = [
      {
        change: { password: 'wrong' },
        says: /Elasticsearch at https:.* does not know this user and password or API key .*correct them in the configuration/,
      },
      {
        change: { ca: undefined },
        says: /the certificate of Elasticsearch at https:.* is not trusted .*name the file of the authority/,
      },
    ]
    await Promise.all(
      CASES.map(async ({ change, says }) => {
        const place = openPlace()
        place.write('vonglau.yml', clusterYaml(place, { ...cluster(), ...change }, prefix))
        const said = refusal(await place.run(['start']))
        expect(said).toMatch(says)
        const { code, out } = await place.run(['doctor'])
        expect({ code, store: out.split('\n').filter((line) => /Elasticsearch at/.test(line)) }).toEqual({
          code: 1,
          store: [`WRONG  ${said.replace(/^vonglau: /, '')}`],
        })
        await place.remove()
      }),
    )
  })

  test('the server is stopped and started in the middle of an ingest, of a run of the rules and of edits', async () => {
    const { get, post, running } = console_
    // Two alerts that a person works on; their addresses send nothing more.
    await console_.send(attacks(2, (i) => `203.0.113.${i + 1}`))
    const [edited, closed] = await until('there are two alerts', async () => {
      const { body } = await get('/alerts?from=0')
      return (body.items as AlertRow[]).length === 2 && (body.items as AlertRow[])
    })
    let over = false
    const wanted: string[] = []
    const refused: string[] = []
    onTestFinished(() => void (over = true))
    const ingest = (async () => {
      for (; !over; await sleep(1000)) {
        console_.write(Array.from({ length: 20 }, () => request(OURS.host, `/dong-${n++}`)))
        await console_.send(attacks(5))
      }
    })()
    /** As a person does: looks, changes, and where that was refused looks again. */
    const edit = async (id: string, change: object, there: (alert: AlertDetail) => boolean) => {
      for (;;) {
        const seen = await get(`/alerts/${id}`)
        if (seen.status === 200) {
          const alert = seen.body as AlertDetail
          if (there(alert)) return
          const { status, body } = await post('/alerts/change', { items: [{ id, version: alert.version }], ...change })
          if (status !== 200) {
            refused.push(body.error.message)
            continue
          }
          const [result] = body.results
          // The program writes it too, for a moment after it was raised: its incident, its count.
          if (/has just changed this alert: look again/.test(result.message)) continue
          expect(result).toMatchObject({ id, ok: true, version: expect.any(Number) })
          return
        } else refused.push(seen.body.error.message)
      }
    }
    const edits = (async () => {
      while (!over) {
        const note = `ghi chú ${wanted.length}`
        wanted.push(note)
        await edit(edited!.id, { note }, (alert) => notes(alert).includes(note))
      }
    })()
    // A run that has many alerts to write, and has written some of them.
    await console_.send(attacks(40, (i) => `192.0.2.${1 + i}`))
    const found = () => running.installation.store.documents.collection('alerts').newest()
    const before = await found()
    await until('a run has begun to write', async () => (await found()) > before + 5)
    await server.down()
    const [problems, signIn, doctor] = await Promise.all([console_.problems(), console_.signIn(), console_.doctor()])
    expect(problems).toEqual([expect.stringMatching(AWAY)])
    expect({ status: signIn.status, message: signIn.body.error?.message }).toEqual({
      status: 503,
      message: expect.stringMatching(AWAY),
    })
    expect(doctor).toEqual([expect.stringMatching(AWAY)])
    for (const each of [...problems, ...doctor]) sentence(each)
    const closing = edit(closed!.id, { status: 'closed', reason: 'benign' }, ({ status }) => status === 'closed')
    await server.up()
    await closing
    const after = wanted.length
    // Raced with both, so that one of them that failed ends the test and is told.
    while (wanted.length <= after + 1) await Promise.race([sleep(100), edits, ingest])
    over = true
    await Promise.all([ingest, edits])
    await console_.settled()
    await gone()
    await running.minute()
    const alerts = await console_.alerts()
    expect(alerts.length).toBeGreaterThan(40)
    expect(alerts).toEqual(await console_.calm())
    // Each alert is in its incident once.
    const incidents = (await get('/incidents?from=0')).body.items as { id: string; alerts: number }[]
    expect(incidents.reduce((sum, each) => sum + each.alerts, 0)).toBe(alerts.length)
    for (const each of refused) expect(sentence(each)).toMatch(/Elasticsearch at https/)

    expect(notes((await get(`/alerts/${edited!.id}`)).body)).toEqual(wanted)
    const { status, reason, activity } = (await get(`/alerts/${closed!.id}`)).body as AlertDetail
    expect({ status, reason, times: activity.filter(({ to }) => to === 'closed').length }).toEqual({
      status: 'closed',
      reason: 'benign',
      times: 1,
    })
    const trail = async () => {
      const out: AuditRow[] = []
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const { body } = await get(`/audit?cursor=${encodeURIComponent(cursor)}`)
        out.push(...body.items)
        cursor = body.cursor
      }
      return out.filter(({ what, object }) => what.startsWith('alert.') && [edited!.id, closed!.id].includes(object))
    }
    // What was written while the store was away follows it.
    const notesOf = (rows: readonly AuditRow[]) =>
      rows.flatMap(({ what, detail }) => (what === 'alert.note' ? [JSON.parse(detail!).text] : []))
    await until('the audit trail is complete', async () => notesOf(await trail()).length >= wanted.length)
    const audited = await trail()
    expect(notesOf(audited).sort()).toEqual([...wanted].sort())
    expect(audited.filter(({ what }) => what === 'alert.close')).toHaveLength(1)
  })

  test('the password is changed while it runs: it says so, and goes on when it is right again', async () => {
    const file = join(server.folder, 'config/users')
    const users = readFileSync(file, 'utf8')
    writeFileSync(file, users.replace(/^vonglau:.*$/m, `vonglau:${ANOTHER}`))
    const wrong = /does not know this user and password or API key .*correct them in the configuration/
    const printed = vi.spyOn(console, 'error')
    try {
      const said = await until('it is refused', async () => {
        const problems = await console_.problems()
        return problems.some((each) => wrong.test(each)) && problems
      })
      expect(said).toHaveLength(1)
      sentence(said[0]!)
      console_.write(attacks(20))
      await console_.send(attacks(20))
      const { status, body } = await console_.signIn()
      expect({ status, message: body.error?.message }).toEqual({ status: 503, message: expect.stringMatching(wrong) })
      expect(await console_.doctor()).toEqual([expect.stringMatching(wrong)])
      expect(printed).not.toHaveBeenCalled()
    } finally {
      printed.mockRestore()
      writeFileSync(file, users)
    }
    await until('it is let in', async () => (await console_.get('/health')).status === 200)
    await console_.settled()
    await gone()
  })

  test('more is sent than its queue takes: nothing is lost, nothing is there twice', async () => {
    const rejected = async () => {
      const { nodes } = await admin.nodes.stats({ metric: 'thread_pool' })
      return Object.values(nodes).reduce((sum, node) => sum + (node.thread_pool?.['write']?.rejected ?? 0), 0)
    }
    const before = await rejected()
    const other = await openClusterConsole(cluster(), prefix, console_.lines)
    const busy = /Elasticsearch at https:.* is too busy or not ready .*give it a moment, and more memory or nodes/
    let over = false
    // Others write as well, more than it can take.
    const bulkBody = '{"index":{}}\n{"text":"một hai ba bốn năm sáu bảy tám chín mười"}\n'.repeat(2000)
    const flood = Array.from({ length: 3 * QUEUE }, async () => {
      while (!over) {
        const request = { method: 'POST', path: '/flood/_bulk', bulkBody, querystring: { filter_path: 'errors' } }
        await admin.transport.request(request).catch(() => {})
      }
    })
    const senders = [console_, other].map(async ({ send }) => {
      for (; !over; await sleep(100)) await send(Array.from({ length: 50 }, () => request(OURS.host, `/dong-${n++}`)))
    })
    try {
      const found = await until('it waits, and says why', async () => {
        const problems = await console_.problems()
        return problems.some((each) => busy.test(each)) && problems
      })
      for (const each of found) expect(sentence(each)).toMatch(busy)
      await until('doctor says so', async () => (await console_.doctor()).some((each) => busy.test(each)))
    } finally {
      over = true
      await Promise.all([...flood, ...senders])
    }
    expect(await rejected()).toBeGreaterThan(before)
    await other.running.installation.ingest.drain()
    await console_.running.installation.ingest.drain()
    await console_.seen()
    await console_.settled()
    await other.close()
    await gone()
    await admin.indices.delete({ index: 'flood' })
  })

  test('a disk is above the flood stage: it waits, says so, and goes on by itself', async () => {
    const watermark = (low: string | null, high: string | null, flood: string | null, on: boolean | null) =>
      admin.cluster.putSettings({
        persistent: {
          'cluster.routing.allocation.disk.threshold_enabled': on,
          'cluster.routing.allocation.disk.watermark.low': low,
          'cluster.routing.allocation.disk.watermark.high': high,
          'cluster.routing.allocation.disk.watermark.flood_stage': flood,
        },
      })
    await watermark('9999999gb', '9999998gb', '9999997gb', true)
    const full =
      /read-only because a disk .*nearly full.*free space or add a node, it then takes writes again by itself/
    await until('the server has blocked the indices', async () =>
      (await console_.problems()).some((each) => full.test(each)),
    )
    console_.write(attacks(20))
    await console_.send(attacks(20))
    for (const each of await console_.problems()) expect(sentence(each)).toMatch(full)
    for (const each of await console_.doctor()) expect(sentence(each)).toMatch(full)
    await watermark('3b', '2b', '1b', true)
    await console_.settled()
    await gone()
    await watermark(null, null, null, null)
    await console_.running.minute()
    // Of this fault and those before it.
    expect(await console_.alerts()).toEqual(await console_.calm())
  })

  test('while nobody answers lines are accepted, and it can be stopped', async () => {
    await server.down('kill')
    await console_.send(attacks(5))
    await console_.close()
  })
})
