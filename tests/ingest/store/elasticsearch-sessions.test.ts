/**
 * Several processes on one cluster: sessions, the horizon, leases. A process is a set of sessions in this one; one that
 * is paused has no beat, and the clock by which others measure that is turned by hand.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openClient } from '../../../ingest/store/elasticsearch/connect.ts'
import type { Session, Sessions } from '../../../ingest/store/elasticsearch/sessions/session.ts'
import { openSessions } from '../../../ingest/store/elasticsearch/sessions/sessions.ts'
import { createIndex } from '../../../ingest/store/elasticsearch/sessions/records.ts'
import { type Document, type DocumentStore, SYSTEM, Fenced } from '../../../ingest/store/store.ts'
import { describeCluster, randomPrefix, removeAll } from '../../servers/cluster.ts'

await describeCluster('sessions', (cluster) => {
  const client = openClient(cluster.nodes.length ? cluster : { nodes: ['http://127.0.0.1:1'] })
  const prefixes: string[] = []
  afterAll(async () => {
    for (const prefix of prefixes) await removeAll(client, prefix)
    await client.close()
  })
  /** Processes of one installation. */
  const installation = () => {
    const prefix = randomPrefix()
    prefixes.push(prefix)
    let now = 0
    const warnings: string[] = []
    const open = (step?: (step: string) => Promise<void>): Sessions =>
      openSessions({
        client,
        prefix,
        warn: (sentence) => warnings.push(sentence),
        beat: 0,
        monotonic: () => now,
        ...(step ? { step } : {}),
      })
    return {
      prefix,
      warnings,
      open,
      pass: (ms: number) => {
        now += ms
      },
      /** Events of a session: an index, and what is in it. */
      writer: async (sessions: Sessions) => {
        const session = await sessions.current()
        const index = `${prefix}-events-2026.11.21-${session.id}`
        const write = (ingested: number) =>
          client.index({ index, id: String(ingested), document: { 'event.ingested': ingested } })
        await createIndex(client, index, {
          mappings: { subobjects: false, properties: { 'event.ingested': { type: 'date' } } },
        })
        await session.announce(index)
        return { session, index, write }
      },
    }
  }
  type Installation = ReturnType<typeof installation>
  /** Enough of its own time for an observer to know. */
  const die = async ({ pass }: Installation, observer: Sessions) => {
    await observer.horizon()
    pass(9000)
  }

  test('the horizon is the lowest of the live writers, and never goes back', async () => {
    const place = installation()
    const [a, b, c] = [place.open(), place.open(), place.open()]
    expect(await c.horizon()).toBe(0)
    const one = await place.writer(a)
    await one.session.publish(1000)
    expect(await c.horizon()).toBe(1000)
    const two = await place.writer(b)
    expect(two.session.floor).toBe(1000)
    await one.session.publish(5000)
    expect(await c.horizon()).toBe(1000)
    await two.session.publish(3000)
    expect(await c.horizon()).toBe(3000)
    await two.session.publish(2000) // nothing is taken back
    expect(await c.horizon()).toBe(3000)
    await two.session.publish(9000)
    expect(await c.horizon()).toBe(5000)
    await b.close()
    expect(await c.horizon()).toBe(5000)
    await a.close()
    // Nobody writes: all that was written is in.
    expect(await c.horizon()).toBe(9000)
    const late = await place.writer(c)
    expect(late.session.floor).toBe(9000)
    await c.close()
  })

  test('an idle writer does not hold the horizon up', async () => {
    const place = installation()
    const a = openSessions({ client, prefix: place.prefix, warn: () => {}, beat: 20 })
    const { session } = await place.writer(a)
    let clock = 100
    session.idle(() => clock++)
    await expect.poll(() => a.horizon()).toBeGreaterThan(105)
    await a.close()
  })

  test('a writer that was paused is fenced: what it sends is refused, what it wrote counts, it begins anew above that', async () => {
    const place = installation()
    const [a, b] = [place.open(), place.open()]
    const one = await place.writer(a)
    await one.write(700)
    await one.session.publish(700)
    await one.write(900) // written, not published when it stops
    await die(place, b)
    expect(await b.horizon()).toBe(900)
    await expect(one.write(950)).rejects.toThrow(/blocked/)
    expect(one.session.alive()).toBe(true) // it does not know yet
    await expect(one.session.publish(950)).rejects.toBeInstanceOf(Fenced)
    expect(one.session.alive()).toBe(false)
    await expect(one.session.announce(`${one.index}-2`)).rejects.toBeInstanceOf(Fenced)
    expect(place.warnings).toHaveLength(1)
    const again = await place.writer(a)
    expect(again.session.id).not.toBe(one.session.id)
    expect(again.session.floor).toBe(900)
    await a.close()
    await b.close()
  })

  test('a writer that beats is not fenced, however long it takes', async () => {
    const place = installation()
    const [a, b] = [place.open(), place.open()]
    const one = await place.writer(a)
    for (let n = 1; n <= 4; n++) {
      await die(place, b)
      await one.session.publish(n)
    }
    expect(await b.horizon()).toBe(4)
    await a.close()
    await b.close()
  })

  test('with beats of its own an observer learns who died, takes over what that one held, and clears away after it', async () => {
    const place = installation()
    const [dead, writer] = [place.open(), place.open()]
    const one = await place.writer(writer)
    await one.write(600)
    expect(await dead.lease('held')).toBeDefined()
    const alive = openSessions({ client, prefix: place.prefix, warn: () => {}, beat: 20, dead: 200 })
    const mine = await alive.current()
    await expect.poll(() => alive.lease('held')).toBeDefined()
    await expect.poll(() => alive.horizon()).toBe(600)
    const left = async () => {
      await client.indices.refresh({ index: `${place.prefix}-sessions` })
      return (await client.search({ index: `${place.prefix}-sessions` })).hits.hits.map(({ _id }) => _id)
    }
    await expect.poll(left).toEqual([mine.id])
    for (const each of [dead, writer, alive]) await each.close()
  })

  test('two sessions of one process at once are one', async () => {
    const place = installation()
    const a = place.open()
    const [one, two] = await Promise.all([a.current(), a.current()])
    expect(one).toBe(two)
    await a.close()
    await expect(a.current()).rejects.toThrow('the store is closed')
  })

  describe('an observer breaks off in the middle of a fence, another finishes it', () => {
    for (const at of ['fence: marked', 'fence: blocked', 'fence: before it is closed'])
      test(at, async () => {
        const place = installation()
        const [a, b] = [place.open(), place.open()]
        const broken = place.open(async (step) => {
          if (step === at) throw new Error('broken off')
        })
        const one = await place.writer(a)
        await one.write(800)
        await die(place, broken)
        await expect(broken.horizon()).rejects.toThrow('broken off')
        // No time has to pass for this one: it is marked.
        expect(await b.horizon()).toBe(800)
        await expect(one.write(801)).rejects.toThrow(/blocked/)
        await a.close()
        await b.close()
        await broken.close()
      })
  })

  describe('somebody comes between', () => {
    /** What happens at which step of the first, and what the horizon has to be then. */
    const races: {
      name: string
      step: string
      between: (of: {
        place: Installation
        session: Session
        other: Sessions
        writer: Awaited<ReturnType<Installation['writer']>>
      }) => Promise<unknown>
      horizon: number
      /** Does the writer that was observed live on? */
      lives: boolean
    }[] = [
      {
        name: 'the writer beats before it is marked as dead',
        step: 'fence: before it is marked',
        between: ({ session }) => session.publish(600),
        horizon: 500,
        lives: true,
      },
      {
        name: 'the writer announces an index before it is marked as dead',
        step: 'fence: before it is marked',
        between: ({ session, writer }) => session.announce(`${writer.index}-2`),
        horizon: 500,
        lives: true,
      },
      {
        name: 'the writer writes before its index is blocked: it counts',
        step: 'fence: marked',
        between: ({ writer }) => writer.write(777),
        horizon: 777,
        lives: false,
      },
      {
        name: 'the writer announces an index after it was marked: refused',
        step: 'fence: marked',
        between: ({ session, writer }) => expect(session.announce(`${writer.index}-2`)).rejects.toBeInstanceOf(Fenced),
        horizon: 500,
        lives: false,
      },
      {
        name: 'the writer writes after its index was blocked: refused',
        step: 'fence: blocked',
        between: ({ writer }) => expect(writer.write(778)).rejects.toThrow(/blocked/),
        horizon: 500,
        lives: false,
      },
      {
        name: 'another observer finishes the fence',
        step: 'fence: blocked',
        between: ({ other }) => other.horizon(),
        horizon: 500,
        lives: false,
      },
      {
        name: 'a new writer joins before the horizon is written: it is not passed',
        step: 'horizon: before it is written',
        between: async ({ place, other }) => {
          const { session } = await place.writer(other)
          expect(session.floor).toBe(500)
        },
        horizon: 500,
        lives: false,
      },
    ]
    for (const { name, step, between, horizon, lives } of races)
      test(name, async () => {
        const place = installation()
        const [a, other] = [place.open(), place.open()]
        const writer = await place.writer(a)
        await writer.write(500)
        let once = true
        const observer = place.open(async (at) => {
          if (at !== step || !once) return
          once = false
          await between({ place, session: writer.session, other, writer })
        })
        if (lives) await writer.session.publish(500)
        await die(place, observer)
        once = true
        expect(await observer.horizon()).toBe(horizon)
        expect(once).toBe(false)
        if (lives) await writer.session.publish(1000)
        else await expect(writer.session.publish(1000)).rejects.toBeInstanceOf(Fenced)
        for (const each of [a, other, observer]) await each.close()
      })

    test('a writer joins while another does: both are waited for', async () => {
      const place = installation()
      const b = place.open()
      let between = async () => {}
      const a = place.open(async (at) => {
        if (at !== 'announce: before it joins') return
        const now = between
        between = async () => {}
        await now()
      })
      between = async () => {
        const { session } = await place.writer(b)
        await session.publish(300)
        await b.horizon()
      }
      const one = await place.writer(a)
      // The floor is of the horizon that it joined at, not of the one that it had read.
      expect(one.session.floor).toBe(300)
      await (await b.current()).publish(1000)
      expect(await b.horizon()).toBe(300)
      await one.session.publish(800)
      expect(await b.horizon()).toBe(800)
      await a.close()
      await b.close()
    })
  })

  describe('leases', () => {
    let place: Installation
    beforeAll(() => {
      place = installation()
    })
    const put = async (lease: { documents: DocumentStore }, id: string) =>
      (await lease.documents.collection<Document>('ledger').put([{ id, doc: { id }, version: 'any' }]))[0]!.ok

    test('one holds it; a dead holder is replaced, and what it sends is refused', async () => {
      const [a, b] = [place.open(), place.open()]
      const first = (await a.lease('detect'))!
      expect(await put(first, '1')).toBe(true)
      expect(await b.lease('detect')).toBeUndefined()
      place.pass(9000)
      const second = (await b.lease('detect'))!
      expect(second.token).toBe(first.token + 1)
      expect(first.held()).toBe(true) // it does not know yet
      await expect(put(first, '2')).rejects.toBeInstanceOf(Fenced)
      expect(first.held()).toBe(false)
      await expect(
        first.documents.collection('never-written-before').put([{ id: '1', doc: {}, version: null }]),
      ).rejects.toBeInstanceOf(Fenced)
      await expect(first.documents.collection('ledger').delete('1', 'any')).rejects.toBeInstanceOf(Fenced)
      expect(await put(second, '3')).toBe(true)
      expect(await first.documents.collection('ledger').get(SYSTEM, '2')).toBeUndefined()
      // What it held is not given back for the one who holds it now.
      await first.release()
      expect(second.held()).toBe(true)
      expect(await put(second, '4')).toBe(true)
      await a.close()
      await b.close()
    })

    test('a holder that beats is not replaced; one that closes is, at once', async () => {
      const [a, b] = [place.open(), place.open()]
      const first = (await a.lease('Nguồn: fw-1/eth0'))! // any name will do
      for (let n = 0; n < 3; n++) {
        expect(await b.lease('Nguồn: fw-1/eth0')).toBeUndefined()
        place.pass(9000)
        await (await a.current()).publish(n)
      }
      await put(first, 'x')
      await a.close()
      expect((await b.lease('Nguồn: fw-1/eth0'))?.token).toBe(first.token + 1)
      await b.close()
    })

    test('of many that ask at once one gets it', async () => {
      const all = Array.from({ length: 5 }, () => place.open())
      const got = await Promise.all(all.flatMap((each) => [each.lease('race'), each.lease('race')]))
      expect(got.filter((lease) => lease !== undefined)).toHaveLength(1)
      for (const each of all) await each.close()
    })

    test('the former holder makes an alias just after it was replaced: it looks before it writes', async () => {
      const b = place.open()
      let second: Awaited<ReturnType<typeof b.lease>>
      const a = place.open(async (at) => {
        if (at !== 'lease: alias made') return
        await b.lease('late')
        place.pass(9000)
        second = await b.lease('late')
      })
      const first = (await a.lease('late'))!
      await expect(put(first, 'late')).rejects.toBeInstanceOf(Fenced)
      expect(second).toBeDefined()
      expect(await put(second!, 'mine')).toBe(true)
      expect(await second!.documents.collection('ledger').get(SYSTEM, 'late')).toBeUndefined()
      await a.close()
      await b.close()
    })

    test('one that breaks off while it takes the lease over leaves it to the next, and neither former holder writes', async () => {
      const a = place.open()
      const c = place.open()
      const broken = place.open(async (at) => {
        if (at === 'lease: taken') throw new Error('broken off')
      })
      const first = (await a.lease('broken'))!
      await put(first, 'b1')
      await broken.lease('broken')
      place.pass(9000)
      await expect(broken.lease('broken')).rejects.toThrow('broken off')
      expect(await c.lease('broken')).toBeUndefined()
      place.pass(9000)
      const third = (await c.lease('broken'))!
      expect(third.token).toBe(first.token + 2)
      await expect(put(first, 'b2')).rejects.toBeInstanceOf(Fenced)
      expect(await put(third, 'b3')).toBe(true)
      for (const each of [a, broken, c]) await each.close()
    })
  })
})
