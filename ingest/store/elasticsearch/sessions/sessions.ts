/**
 * The sessions of the processes that share a cluster, and how far all of them have written: the horizon. See session.ts
 * for what is promised.
 */
import { randomBytes } from 'node:crypto'
import type { Client } from '@elastic/elasticsearch'
import { type Lease, Fenced, storeClosed } from '../../store.ts'
import { kindOf } from '../connect.ts'
import { openLeases } from './lease.ts'
import type { Session, Sessions } from './session.ts'
import { type ControlRecord, fence, type LeaseRecord, openObserver, type SessionRecord, type Step } from './fence.ts'
import { openRecords, type Versioned } from './records.ts'

export interface SessionsOptions {
  readonly client: Client
  /** Of every index of the installation. */
  readonly prefix: string
  /** Monotonic, ms, of this process only: how long a beat has not changed. */
  readonly monotonic?: () => number
  /** Told what a person should know, one sentence each. */
  readonly warn: (sentence: string) => void
  /** ms between two beats: 2000. 0: none, as of a process that was paused. */
  readonly beat?: number
  /** ms after which a beat that has not changed is that of a dead process: 8000. */
  readonly dead?: number
  readonly step?: Step
}

/** Runs one at a time; who asks while one runs shares the next, for that one had begun before the question. */
const inTurn = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let running: Promise<T> | undefined
  let next: Promise<T> | undefined
  const ask = (): Promise<T> => {
    if (!running) {
      running = work().finally(() => (running = undefined))
      return running
    }
    next ??= running
      .then(
        () => {},
        () => {},
      )
      .then(() => {
        next = undefined
        return ask()
      })
    return next
  }
  return ask
}

interface Own extends Session {
  /** One beat; what is wanted is written with it. */
  beat(): Promise<void>
  end(): Promise<void>
}

export const openSessions = (options: SessionsOptions): Sessions => {
  const { client, prefix, warn, beat = 2000, dead = 8000 } = options
  const clock = options.monotonic ?? (() => performance.now())
  const step: Step = options.step ?? (async () => {})
  const sessions = openRecords<SessionRecord>(client, `${prefix}-sessions`)
  const controls = openRecords<ControlRecord>(client, `${prefix}-control`)
  const leases = openRecords<LeaseRecord>(client, `${prefix}-leases`)
  const observer = openObserver(dead, clock)
  const closing = new AbortController()
  const { signal } = closing
  /** Quick to come back after the cluster was away: others are waiting for the beat. */
  const PATIENT = { patience: Number.POSITIVE_INFINITY, most: 1000, signal }
  const forgetful = { onRetry: () => observer.forget() }

  let mine = '' // the id of the own session: not looked at from here
  /** When the turn of the own beat began that is under way. */
  let turn: number | undefined
  /** Where the own beat hangs, those of the others hang as well, and may arrive after the question. */
  const hangs = () => turn !== undefined && clock() - turn > dead / 2

  const read = async (ids: readonly string[]) => {
    const asked = clock()
    const found = await sessions.many(ids, forgetful)
    return { found, asked, answered: clock() }
  }
  /** Its last record where it has ended, fenced here where it is dead; 'live' where it lives; undefined: unknown. */
  const stateOf = async (
    id: string,
    at: Versioned<SessionRecord> | undefined,
    asked: number,
    answered: number,
  ): Promise<SessionRecord | 'live' | undefined> => {
    if (!at) return undefined
    if (at.doc.state === 'live' && (id === mine || !observer.dead(id, at.doc, asked, answered) || hangs()))
      return 'live'
    const ended = await fence(client, sessions, id, at, step)
    if (ended) observer.drop(id)
    return ended ?? 'live'
  }

  const control = async (): Promise<Versioned<ControlRecord>> => {
    for (;;) {
      const found =
        (await controls.get('horizon')) ??
        (await controls.put('horizon', { horizon: 0, ended: 0, writers: [] }, undefined))
      if (found) return found
    }
  }
  const horizon = inTurn(async (): Promise<number> => {
    for (;;) {
      const at = await control()
      const { writers } = at.doc
      await step('horizon: writers read')
      const { found, asked, answered } = await read(writers)
      const live: string[] = []
      let lowest = Number.POSITIVE_INFINITY
      let { ended } = at.doc
      for (const id of writers) {
        const state = await stateOf(id, found.get(id), asked, answered)
        if (state === 'live') {
          live.push(id)
          lowest = Math.min(lowest, found.get(id)!.doc.committed)
        } else if (state) ended = Math.max(ended, state.committed)
      }
      const next = Math.max(at.doc.horizon, live.length ? lowest : ended)
      if (next === at.doc.horizon && live.length === writers.length) return next
      await step('horizon: before it is written')
      // Refused where a writer was added meanwhile, which may write from the old horizon on.
      if (!(await controls.put('horizon', { horizon: next, ended, writers: live }, at))) continue
      for (const id of writers)
        if (!live.includes(id)) {
          const gone = await sessions.get(id)
          if (gone?.doc.state === 'closed') await sessions.remove(id, gone)
        }
      return next
    }
  })

  const begin = async (): Promise<Own> => {
    const id = randomBytes(6).toString('hex')
    let wanted: SessionRecord = { beat: 0, committed: 0, writer: false, indices: [], state: 'live' }
    let at = await sessions.put(id, wanted, undefined)
    if (!at) throw new Error(`the session ${id} exists already`)
    mine = id
    let floor = 0
    let joined = false
    let over = false // fenced, or ended
    let ask: () => number | undefined = () => undefined
    let away = false
    const write = inTurn(async () => {
      if (over) throw new Fenced()
      const idle = ask()
      if (idle !== undefined && idle > wanted.committed) wanted = { ...wanted, committed: idle }
      wanted = { ...wanted, beat: wanted.beat + 1 }
      const onRetry = (error: Error) => {
        observer.forget()
        if (!away) warn(error.message)
        away = true
      }
      const written = await sessions.put(id, wanted, at, { ...PATIENT, onRetry })
      away = false
      if (!written) {
        over = true
        warn(
          `this process was paused, or cut off from Elasticsearch, for more than ${dead / 1000} s: others have taken its work over, and it begins anew`,
        )
        throw new Fenced()
      }
      at = written
    })
    return {
      id,
      get floor() {
        return floor
      },
      alive: () => !over && !signal.aborted,
      announce: async (index) => {
        wanted = { ...wanted, writer: true, indices: [...new Set([...wanted.indices, index])] }
        // First to those who would fence it, then to those who wait for it.
        await write()
        while (!joined) {
          await step('announce: listed')
          // Where nobody writes, the horizon is how far the last ones came: begin above that.
          await horizon()
          const found = await control()
          await step('announce: before it joins')
          if (
            !(await controls.put('horizon', { ...found.doc, writers: [...new Set([...found.doc.writers, id])] }, found))
          )
            continue
          floor = found.doc.horizon
          if (floor > wanted.committed) wanted = { ...wanted, committed: floor }
          joined = true
        }
        if (over) throw new Fenced()
      },
      publish: async (committed) => {
        if (committed > wanted.committed) wanted = { ...wanted, committed }
        await write()
      },
      leave: () => {
        over = true
      },
      idle: (given) => {
        ask = given
      },
      beat: write,
      end: async () => {
        if (over) return
        await write().catch(() => {})
        if (over) return
        over = true
        if (wanted.writer) await sessions.put(id, { ...wanted, state: 'closed' }, at, { patience: 3000 })
        else await sessions.remove(id, at!)
      },
    }
  }

  let own: Promise<Own> | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false
  const current = async (): Promise<Own> => {
    for (;;) {
      if (closed) throw storeClosed()
      const one = (own ??= begin())
      try {
        const session = await one
        if (!session.alive()) {
          if (own === one) own = undefined
          continue
        }
        if (beat > 0 && !timer) schedule()
        return session
      } catch (error) {
        if (own === one) own = undefined
        throw error
      }
    }
  }

  let turns = 0
  const schedule = () => {
    timer = setTimeout(async () => {
      turn = clock()
      try {
        const session = await own
        if (session?.alive()) await session.beat()
        const { found, asked, answered } = await read(observer.watched())
        for (const id of observer.watched()) {
          const at = found.get(id)
          if (at?.doc.state === 'live') observer.dead(id, at.doc, asked, answered)
          else observer.drop(id)
        }
        if (turns++ % 30 === 0) await sweep()
        complained = ''
      } catch (error) {
        complain(error)
      }
      // An observer that was away itself, or whose cluster was, has seen nothing meanwhile.
      if (hangs()) observer.forget()
      turn = undefined
      if (!closed) schedule()
    }, beat)
    timer.unref()
  }
  let complained = ''
  const complain = (error: unknown) => {
    const { message } = error as Error
    if (closed || error instanceof Fenced || message === complained) return
    complained = message
    warn(kindOf(error) === undefined ? `the beat of this process: ${message}` : message)
  }
  /** Clears away what processes left that ended without saying so and held nothing. */
  const sweep = async () => {
    const asked = clock()
    const every = await sessions.all()
    const answered = clock()
    for (const [id, at] of every) {
      if (id === mine) continue
      // What a search found may be older than what is.
      const state = await stateOf(id, at.doc.state === 'live' ? at : await sessions.get(id), asked, answered)
      if (!state || state === 'live' || (await control()).doc.writers.includes(id)) continue
      const gone = await sessions.get(id)
      if (gone?.doc.state === 'closed') await sessions.remove(id, gone)
    }
  }

  const { take, releaseAll } = openLeases({
    client,
    prefix,
    leases,
    current,
    step,
    ended: async (id) => {
      const { found, asked, answered } = await read([id])
      return (await stateOf(id, found.get(id), asked, answered)) !== 'live'
    },
  })

  return {
    current,
    horizon,
    lease: (name): Promise<Lease | undefined> => take(name),
    close: async () => {
      if (closed) return
      closed = true
      clearTimeout(timer)
      const ended = storeClosed()
      const late = setTimeout(() => closing.abort(ended), 3000)
      const session = await own?.catch(() => undefined)
      try {
        await releaseAll()
        await session?.end()
      } catch {
        // Not reached: the session is taken for dead soon, which ends it as well.
      }
      clearTimeout(late)
      closing.abort(ended)
    },
  }
}
