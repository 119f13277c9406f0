/** The one writer: stages slices as they come and commits them together, when no more come or a row group is full. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { literal } from '../sql.ts'
import { diskFull } from '../full.ts'
import { type Learned, type Offset, StoreRefused, StaleOffset } from '../store.ts'
import type { DayFile, Days } from './days.ts'
import { toDataChunk } from './fill.ts'
import { insertStaged, STAGE } from './layout.ts'
import { lastSetOf } from './lookup.ts'
import { checkSlots } from './proof.ts'
import { FULL, type Slice } from './slice.ts'
import { openWords, type WordSets } from './words.ts'

/** Characters of sets of words that go over at once: a commit of hostile lines has hundreds of millions. */
const TEXT = 1 << 24
/** In tests every slot is looked at. */
const CHECKED = process.env['VONGLAU_CHECK_SLOTS'] === '1'
/** Rows that are appended without a pause. */
const BREATH = 8192
/**
 * How many times as long as nothing may come is from one commit to the next: a line that comes alone does not wait for it, and of
 * lines that come without an end several looks are one commit.
 */
const PACE = 4
/** ms after which a commit begins although much more is known to come. */
const BEHIND = 4000
/** How many times as long nothing may come then. */
const SLOW = 4

interface Waiting {
  slice: Slice
  offsets: readonly Offset[]
  learned: readonly Learned[]
  now: number
  /** What the slice lies in is not needed any more. */
  copied: () => void
  resolve(answer: { ingested: number }): void
  reject(error: Error): void
}

const keyOf = (offset: Offset) => `${offset.source}\0${offset.segment}`

export class Writer {
  readonly #connection: DuckDBConnection
  readonly #days: Days
  readonly #wait: number
  readonly #most: number
  #hurry = false
  /** What waits is all that comes for now. */
  #last = false
  /** Sources of which much more is known to come. */
  readonly #behind = new Set<string>()
  #committed: number
  /** Of the file that is written to; what it gave out since the last commit is in no table yet. */
  #words: { readonly file: DayFile; readonly sets: WordSets } | undefined
  /** When the last commit began, by `performance.now()`. */
  #begun = Number.NEGATIVE_INFINITY
  readonly #positions: Map<string, number>
  #queue: Waiting[] = []
  #staged = 0
  #running: Promise<void> | undefined
  #lock: Promise<void> = Promise.resolve()
  #urgent: (() => void) | undefined

  /** `wait`: ms without more after which a commit begins; `most`: ms after which it begins although more comes. */
  constructor(connection: DuckDBConnection, days: Days, wait: number, most: number, offsets: readonly Offset[]) {
    this.#connection = connection
    this.#days = days
    this.#wait = wait
    this.#most = most
    this.#positions = new Map(offsets.map((offset) => [keyOf(offset), offset.position]))
    this.#committed = Math.max(0, ...days.all().map((file) => file.committed))
  }

  get committed(): number {
    return this.#committed
  }

  append(
    slice: Slice,
    offsets: readonly Offset[],
    learned: readonly Learned[],
    now: number,
    copied: () => void,
    last = false,
    more = false,
  ): Promise<{ ingested: number }> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ slice, offsets, learned, now, copied, resolve, reject })
      this.#staged += slice.rows
      if (last) this.#last = true
      for (const { source } of offsets) more ? this.#behind.add(source) : this.#behind.delete(source)
      if (last || this.#staged >= FULL) this.#urgent?.()
      this.#running ??= this.#run()
    })
  }

  /** Between two commits. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#lock.then(work)
    this.#lock = mine.then(
      () => {},
      () => {},
    )
    return mine
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    this.#hurry = true
    this.#urgent?.()
    while (this.#running) await this.#running
  }

  /** So many ms, or until what waits is urgent. */
  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#urgent = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#urgent = undefined
  }

  async #run(): Promise<void> {
    try {
      while (this.#queue.length) {
        // Small commits go through the log and are written twice: while more keeps coming, it is waited for.
        const began = performance.now()
        for (
          let seen = -1;
          this.#staged < FULL &&
          !this.#last &&
          this.#staged !== seen &&
          performance.now() - began < (this.#behind.size > 0 ? Math.max(BEHIND, this.#most) : this.#most);
        ) {
          seen = this.#staged
          await this.#pause(this.#behind.size > 0 ? SLOW * this.#wait : this.#wait)
          if (this.#hurry) break
        }
        const rest = this.#begun + PACE * this.#wait - performance.now()
        if (rest > 0 && !this.#last && !this.#hurry && this.#staged < FULL) await this.#pause(rest)
        this.#begun = performance.now()
        this.#last = false
        this.#behind.clear()
        const taken: Waiting[] = []
        for (let n = 0; this.#queue.length && (n === 0 || n + this.#queue[0]!.slice.rows <= FULL); ) {
          n += this.#queue[0]!.slice.rows
          taken.push(this.#queue.shift()!)
        }
        this.#staged -= taken.reduce((sum, { slice }) => sum + slice.rows, 0)
        const fresh = this.#inOrder(taken)
        if (fresh.length === 0) continue
        try {
          const ingested = await this.exclusive(() => this.#commit(fresh))
          for (const { offsets } of fresh)
            for (const offset of offsets)
              offset.gone ? this.#positions.delete(keyOf(offset)) : this.#positions.set(keyOf(offset), offset.position)
          for (const each of fresh) each.resolve({ ingested })
        } catch (error) {
          const reason = explain(error)
          for (const each of fresh) each.reject(reason)
        }
      }
    } finally {
      this.#running = undefined
    }
  }

  /** Without the batches that were read from a position which is not the committed one: their predecessor failed. */
  #inOrder(taken: readonly Waiting[]): Waiting[] {
    const positions = new Map<string, number>()
    return taken.filter((each) => {
      const stale = each.offsets.some(
        (o) => o.from !== undefined && o.from !== (positions.get(keyOf(o)) ?? this.#positions.get(keyOf(o)) ?? 0),
      )
      if (stale) each.reject(new StaleOffset())
      else for (const offset of each.offsets) positions.set(keyOf(offset), offset.position)
      return !stale
    })
  }

  async #commit(taken: readonly Waiting[]): Promise<number> {
    const ingested = Math.max(this.#committed + 1, ...taken.map((each) => each.now))
    const file = await this.#days.forIngest(ingested)
    const rows = taken.reduce((sum, { slice }) => sum + slice.rows, 0)
    // One that was begun by an older program has its columns in another order.
    const staged = file.other && rows > 0
    if (staged) {
      await this.#connection.run(STAGE)
      await this.#append(['stage', 'main', 'temp'], taken, ingested, file)
    }
    // Before the rows are visible: no statement is planned without the long way round when an odd row can be seen.
    file.odd ||= taken.some(({ slice }) => slice.odd)
    if (file.odd && file.worded === 'all') file.worded = 'some'
    try {
      await this.#connection.run('BEGIN')
      if (staged) await this.#connection.run(insertStaged(file.catalog))
      else if (rows) await this.#append(['events', 'main', file.catalog.slice(1, -1)], taken, ingested, file)
      if (rows) await this.#putWords(file)
      await this.#putLearned(file, taken)
      await this.#putOffsets(file, taken, ingested)
      await this.#connection.run('COMMIT')
    } catch (error) {
      this.#words = undefined
      await this.#connection.run('ROLLBACK').catch(() => {})
      if (/invalidated|FATAL/i.test(String(error))) await this.#days.reattach(file).catch(() => {})
      if (/corrupt database|checksum/i.test(String(error))) {
        throw new StoreRefused(
          `${file.path} is damaged (${this.#days.suspect(file, error)}): start Vọng Lâu again; the file is then moved aside and its lines are read again`,
        )
      }
      throw error
    }
    this.#committed = file.committed = ingested
    file.events += rows
    if (rows) {
      file.firstIngested = Math.min(file.firstIngested, ingested)
      file.lastIngested = ingested
      for (const { slice } of taken) {
        file.first = Math.min(file.first, slice.first)
        file.last = Math.max(file.last, slice.last)
      }
    }
    return ingested
  }

  /** Within a transaction that has begun, where it goes into the day's own table: the appender alone would commit. */
  async #append(
    to: readonly [string, string, string],
    taken: readonly Waiting[],
    ingested: number,
    file: DayFile,
  ): Promise<void> {
    const words = await this.#wordsOf(file)
    const appender = await this.#connection.createAppender(...to)
    try {
      let rows = 0
      for (const { slice, copied } of taken) {
        for (const chunk of slice.chunks) {
          if (CHECKED) checkSlots(chunk)
          appender.appendDataChunk(toDataChunk(chunk, ingested, words.of(chunk)))
        }
        copied()
        rows += slice.rows
        if (rows < BREATH) continue
        // What is asked meanwhile has its turn.
        rows = 0
        appender.flushSync()
        await new Promise((resolve) => setImmediate(resolve))
      }
      appender.flushSync()
    } finally {
      appender.closeSync()
    }
  }

  async #wordsOf(file: DayFile): Promise<WordSets> {
    if (this.#words?.file !== file)
      this.#words = { file, sets: openWords(await lastSetOf(this.#connection, file.catalog)) }
    return this.#words.sets
  }
  async #putWords(file: DayFile): Promise<void> {
    const fresh = (await this.#wordsOf(file)).fresh()
    if (fresh.length === 0) return
    // As few texts: what costs is the number of strings that cross. No set holds a line's end.
    for (let i = 0; i < fresh.length; ) {
      const from = i
      let size = 0
      while (i < fresh.length && (i === from || size < TEXT)) size += fresh[i++]![1].length + 1
      await this.#connection.run(
        `INSERT INTO ${file.catalog}.words SELECT unnest(range(${fresh[from]![0]}, ${fresh[i - 1]![0] + 1})), unnest(string_split($1, chr(10)))`,
        [
          fresh
            .slice(from, i)
            .map(([, words]) => words)
            .join('\n'),
        ],
      )
    }
  }

  async #putLearned(file: DayFile, taken: readonly Waiting[]): Promise<void> {
    const values = taken.flatMap(({ learned }) =>
      learned.map(
        ({ source, segment, stream, position, state }) =>
          `(${literal(source)}, ${literal(segment)}, ${literal(stream)}, ${position}, ${literal(JSON.stringify(state))})`,
      ),
    )
    for (let i = 0; i < values.length; i += 500)
      await this.#connection.run(`INSERT INTO ${file.catalog}.learned VALUES ${values.slice(i, i + 500).join(', ')}`)
  }

  async #putOffsets(file: DayFile, taken: readonly Waiting[], ingested: number): Promise<void> {
    const newest = new Map<string, Offset>()
    for (const { offsets } of taken) for (const offset of offsets) newest.set(keyOf(offset), offset)
    const gone = [...newest.values()].filter((o) => o.gone)
    for (const o of gone)
      await this.#connection.run(
        `DELETE FROM ${file.catalog}.offsets WHERE source = ${literal(o.source)} AND segment = ${literal(o.segment)}`,
      )
    const values = [...newest.values()]
      .filter((o) => !o.gone)
      .map(
        (o) =>
          `(${literal(o.source)}, ${literal(o.segment)}, ${o.position}, ${o.state ? literal(JSON.stringify(o.state)) : 'NULL'}, ${o.about ? literal(JSON.stringify(o.about)) : 'NULL'})`,
      )
    values.push(`('', 'committed', ${ingested}, NULL, NULL)`)
    for (let i = 0; i < values.length; i += 500) {
      await this.#connection.run(
        `INSERT OR REPLACE INTO ${file.catalog}.offsets VALUES ${values.slice(i, i + 500).join(', ')}`,
      )
    }
  }
}

export const explain = (error: unknown): Error => {
  const text = String(error instanceof Error ? error.message : error).split('\n')[0]!
  return diskFull(text) ?? (error instanceof Error ? error : new Error(text))
}
