/** Reads over the day files. Runs on the store thread; every answer is bounded in rows and time. */
import { COMPUTED } from '../../computed/computed.ts'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { Event } from '../../event.ts'
import { Buckets, byCount } from '../buckets.ts'
import { type Filter, fieldsOf } from '../filter.ts'
import { compile } from '../match.ts'
import { type Asked, literal, toSql } from '../sql.ts'
import type { Aggregate, Bucket, Groups, Missing, Page, Search, Window } from '../store.ts'
import { givenUp, StoreError, StoreRefused, tooLong, WrongQuestion } from '../errors.ts'
import type { DayFile, Days } from './days.ts'
import { selectPacked } from './layout.ts'
import { giveUpWords, lookUp } from './lookup.ts'
import { outward } from './outward.ts'
import { bucket, conditions, grouped, namesOf } from './statements.ts'

const READERS = 4
/** Events that are read at once where only the process can decide: one may be half a megabyte, and six times that as JSON. */
const DECIDED = 200
/** Rows that are read whole at once, and UTF-16 units of a page: a page of such events would be more than a text may be. */
const WHOLE = 128
const MOST_UNITS = 16 << 20
/** Rows that are found at once, where memory did not hold what all of them are. */
const FOUND = 100_000
/** `<@timestamp>:<event.id>`: a cursor comes back from a browser, and is a person's input. */
const PLACE = /^-?\d{1,16}:.{1,300}$/s
const DAMAGE = /corrupt|checksum|IO Error|Serialization Error|INTERNAL|Could not read/i

class OutOfMemory extends StoreRefused {}
const OUT_OF_MEMORY =
  'the question needs more memory than there is: choose a shorter time range or a narrower search, or raise "memory:"'

/** Of a day that was written anew meanwhile, what it is now. */
const newest = (file: DayFile): DayFile => (file.anew ? newest(file.anew) : file)

/** One question of a person. `left`: ms that it has left; throws when that is nothing, or nobody waits for it. */
interface Question {
  left(): number
  readonly signal: AbortSignal | undefined
}

export class Reader {
  readonly #instance: DuckDBInstance
  readonly #days: Days
  readonly #limit: number
  #free: DuckDBConnection[] = []
  #open = 0
  #waiting: ((connection: DuckDBConnection) => void)[] = []

  /** `limit`: ms after which a query is interrupted. */
  constructor(instance: DuckDBInstance, days: Days, limit: number) {
    this.#instance = instance
    this.#days = days
    this.#limit = limit
  }

  async #borrow(): Promise<DuckDBConnection> {
    const free = this.#free.pop()
    if (free) return free
    if (this.#open < READERS) {
      this.#open++
      return this.#instance.connect()
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
  #giveBack(connection: DuckDBConnection): void {
    const next = this.#waiting.shift()
    if (next) next(connection)
    else this.#free.push(connection)
  }

  /** All that one question takes, however many statements that are, has one time limit, and ends when nobody waits for it. */
  question(signal?: AbortSignal): Question {
    const until = performance.now() + this.#limit
    const left = () => {
      if (signal?.aborted) throw givenUp()
      const ms = until - performance.now()
      if (ms <= 0) throw tooLong(this.#limit)
      return ms
    }
    return { left, signal }
  }

  /** A connection, which is interrupted when the question's time is over; the rules' questions have none. */
  async #take(question: Question | undefined): Promise<{ connection: DuckDBConnection; end: () => void }> {
    const connection = await this.#borrow()
    const interrupt = () => connection.interrupt()
    let timer: NodeJS.Timeout | undefined
    const end = () => {
      clearTimeout(timer)
      question?.signal?.removeEventListener('abort', interrupt)
      this.#giveBack(connection)
    }
    try {
      if (question) timer = setTimeout(interrupt, question.left())
    } catch (error) {
      end()
      throw error
    }
    question?.signal?.addEventListener('abort', interrupt)
    return { connection, end }
  }
  /** The error as the person is told it. */
  #told(error: unknown, question: Question | undefined): unknown {
    if (/Out of Memory/i.test(String(error))) return new OutOfMemory(OUT_OF_MEMORY)
    if (!question || !/INTERRUPT/i.test(String(error))) return error
    try {
      question.left()
      return tooLong(this.#limit)
    } catch (reason) {
      return reason
    }
  }
  async #rows(question: Question | undefined, sql: string): Promise<unknown[][]> {
    const { connection, end } = await this.#take(question)
    try {
      return (await (await connection.run(sql)).getRowsJS()) as unknown[][]
    } catch (error) {
      throw this.#told(error, question)
    } finally {
      end()
    }
  }

  #files(window: Window): { files: DayFile[]; missing: Missing[] } {
    const { files, damaged } = this.#days.within(window.from, window.to, window.ingested?.after, window.ingested?.upTo)
    return { files, missing: damaged.map((file) => ({ day: file.day, reason: file.problem! })) }
  }

  /** Whether SQL says just what the filter means, in each of the files. */
  #exact(query: Window & { filter: Filter }): boolean {
    return toSql(query.filter).exact && this.#files(query).files.every((file) => toSql(query.filter, file).exact)
  }

  /** What is known of the files' rows: which of their words are asked for too, looked up before. */
  async #asked(question: Question, query: Window & { filter: Filter }): Promise<(file: DayFile) => Asked> {
    const ask = (sql: string) => this.#rows(question, sql)
    const words = await lookUp(this.#files(query).files, query.filter, ask, this.#days.newest)
    return (file) => ({ odd: file.odd, numbered: file.numbered, words: words(file) })
  }

  /** Runs over the files; a file that turns out to be damaged is found, marked and left out. */
  async #over(
    question: Question,
    window: Window,
    build: (files: DayFile[]) => string,
  ): Promise<{ rows: unknown[][]; missing: Missing[] }> {
    for (;;) {
      const { files, missing } = this.#files(window)
      if (files.length === 0) return { rows: [], missing }
      try {
        return { rows: await this.#rows(question, build(files)), missing }
      } catch (error) {
        if (error instanceof StoreError || !DAMAGE.test(String(error))) throw error
        let found = false
        for (const file of files) {
          try {
            await this.#rows(question, build([file]))
          } catch (cause) {
            if (!DAMAGE.test(String(cause))) throw cause
            if (!giveUpWords(file)) this.#days.suspect(file, cause)
            found = true
          }
        }
        if (!found) throw error
      }
    }
  }

  async search(search: Search, signal?: AbortSignal): Promise<Page<Event>> {
    const { filter, order, limit } = search
    if (!(limit >= 1 && limit <= 1000)) throw new WrongQuestion(`limit is ${limit}: it must be 1 to 1000`)
    const question = this.question(signal)
    const exact = this.#exact(search)
    const match = exact ? undefined : compile(filter)
    const asked = await this.#asked(question, search)
    const fields = search.fields && [
      ...new Set([...search.fields, '@timestamp', 'event.id', ...(exact ? [] : fieldsOf(filter))]),
    ]
    const { sql: packed, unpack } = selectPacked(fields?.includes('*') ? undefined : fields)
    const [sign, direction] = order === 'newest' ? ['<', 'DESC'] : ['>', 'ASC']
    const items: Event[] = []
    let [units, cursor] = [0, search.cursor]
    if (cursor !== undefined && !PLACE.test(cursor))
      throw new WrongQuestion(`"${cursor.slice(0, 100)}" is not a place in a list of events: begin at its first page`)
    let missing: readonly Missing[] = []
    for (;;) {
      const at = cursor?.indexOf(':') ?? 0
      const beyond = cursor
        ? ` AND ("@timestamp" ${sign} ${Number(cursor.slice(0, at))} OR ("@timestamp" = ${Number(cursor.slice(0, at))} AND "event.id" ${sign} ${literal(cursor.slice(at + 1))}))`
        : ''
      // First which rows, by two small columns; then those rows whole.
      const ask = async (window: Window, size: number) => {
        const rowsOf = (file: DayFile) =>
          `SELECT ${literal(file.catalog)} AS day, rowid AS r, "@timestamp" AS t, "event.id" AS id FROM ${file.table} WHERE ${conditions(window)} AND ${toSql(filter, asked(file)).sql}${beyond}`
        const build = (files: DayFile[]) =>
          `SELECT day, r, t, id FROM (${files.map(rowsOf).join(' UNION ALL ')}) ORDER BY t ${direction}, id ${direction} LIMIT ${size}`
        return (await this.#over(question, window, build)).rows
      }
      const [begin, size] = [cursor ? Number(cursor.slice(0, at)) : undefined, match ? DECIDED : limit + 1]
      const found = await outward(this.#files(search).files, search, begin, size, ask)
      missing = this.#files(search).missing
      let again = false
      for (let from = 0; from < found.length && !again && items.length <= limit; from += WHOLE) {
        const rows = found.slice(from, from + WHOLE)
        const events = await this.#whole(question, rows as [string, bigint][], packed)
        // A day of them turned out to be damaged, or is another by now: again.
        again = !events
        for (const [i, row] of (events ? rows : []).entries()) {
          const text = events![i]!
          if (items.length > 0 && units + text.length > MOST_UNITS) return { items, cursor: cursor!, missing }
          cursor = `${row[2]}:${row[3]}`
          const event = unpack(text)
          if (match && !match(event)) continue
          units += text.length
          items.push(event)
          if (items.length > limit) break
        }
      }
      if (items.length > limit) {
        items.length = limit
        const last = items.at(-1)!
        return { items, cursor: `${last['@timestamp']}:${last['event.id']}`, missing }
      }
      if (!again && found.length < size) return { items, missing }
    }
  }

  /** Rows whole; where memory does not hold so many at once, half of them and then the others. */
  async #packed(
    question: Question | undefined,
    file: DayFile,
    ids: readonly bigint[],
    packed: string,
  ): Promise<[bigint, string][]> {
    try {
      // A join looks at the blocks of these rows; IN with a list looked at all of the file, forty times slower.
      const sql = `SELECT rowid, ${packed} FROM ${file.table} WHERE rowid IN (SELECT unnest([${ids.join(', ')}]))`
      return (await this.#rows(question, sql)) as [bigint, string][]
    } catch (error) {
      if (!(error instanceof OutOfMemory) || ids.length === 1) throw error
      const half = ids.length >> 1
      const first = await this.#packed(question, file, ids.slice(0, half), packed)
      return [...first, ...(await this.#packed(question, file, ids.slice(half), packed))]
    }
  }

  async #whole(question: Question, found: [string, bigint][], packed: string): Promise<string[] | undefined> {
    const out = new Map<string, string>()
    for (const day of new Set(found.map((row) => row[0]))) {
      const file = this.#days.all().find((each) => each.catalog === day)
      if (!file) return undefined
      const ids = found.filter((row) => row[0] === day).map((row) => row[1])
      try {
        for (const [id, text] of await this.#packed(question, file, ids, packed)) out.set(`${day} ${id}`, text)
      } catch (error) {
        if (error instanceof StoreError || !DAMAGE.test(String(error))) throw error
        this.#days.suspect(file, error)
        return undefined
      }
    }
    return found.map(([day, id]) => out.get(`${day} ${id}`)!)
  }

  async count(query: Window & { filter: Filter }, signal?: AbortSignal): Promise<number> {
    const question = this.question(signal)
    const exact = this.#exact(query)
    if (exact) {
      const asked = await this.#asked(question, query)
      const { rows } = await this.#over(
        question,
        query,
        (files) =>
          `SELECT sum(n) FROM (${files.map((f) => `SELECT count(*) AS n FROM ${f.table} WHERE ${conditions(query)} AND ${toSql(query.filter, asked(f)).sql}`).join(' UNION ALL ')})`,
      )
      return Number(rows[0]?.[0] ?? 0)
    }
    let n = 0
    for await (const chunk of this.match({ ...query, fields: ['@timestamp'] }, question)) n += chunk.length
    return n
  }

  async aggregate(query: Aggregate, signal?: AbortSignal): Promise<Page<Bucket>> {
    const question = this.question(signal)
    const exact = this.#exact(query) && !namesOf(query).some((name) => COMPUTED.has(name))
    if (!exact) {
      const buckets = new Buckets(query.by, query.distinct)
      for await (const chunk of this.match({ ...query, fields: ['@timestamp', ...namesOf(query)] }, question))
        for (const event of chunk) buckets.add(event)
      return { items: buckets.top(query.limit), missing: this.#files(query).missing }
    }
    const asked = await this.#asked(question, query)
    const { rows, missing } = await this.#over(
      question,
      query,
      (files) => `${grouped(files, query, asked)} ORDER BY n DESC LIMIT ${query.limit}`,
    )
    return { items: rows.map((row) => bucket(row, query)).sort(byCount), missing }
  }

  async *groups(query: Groups): AsyncIterable<Bucket[]> {
    const by = query.by.map((terms) => ({ terms }))
    const exact = this.#exact(query) && ![...query.by, query.distinct ?? ''].some((name) => COMPUTED.has(name))
    if (!exact) {
      const buckets = new Buckets(by, query.distinct)
      for await (const chunk of this.match({
        ...query,
        fields: ['@timestamp', ...namesOf({ by, ...(query.distinct ? { distinct: query.distinct } : {}) })],
      }))
        for (const event of chunk) buckets.add(event)
      yield buckets.all().filter((each) => (each.distinct ?? each.count) >= query.atLeast)
      return
    }
    const { files } = this.#whollyReadable(query)
    if (files.length === 0) return
    const asked = { by, ...(query.distinct ? { distinct: query.distinct } : {}) }
    const text = `${grouped(files, { ...query, ...asked }, (file) => file)} HAVING ${query.distinct ? 'd' : 'n'} >= ${query.atLeast}`
    for await (const rows of this.#stream(text)) yield rows.map((row) => bucket(row, asked))
  }

  /** Chunks of what matches. Part of no person's question: a damaged part among the ingest window is an error. */
  async *match(
    query: Window & { filter: Filter; fields?: readonly string[] },
    question?: Question,
  ): AsyncIterable<Event[]> {
    const exact = this.#exact(query)
    const match = exact ? undefined : compile(query.filter)
    const names = fieldsOf(query.filter)
    const fields =
      query.fields && (match ? (names.has('*') ? undefined : [...new Set([...query.fields, ...names])]) : query.fields)
    const { sql: packed, unpack } = selectPacked(fields)
    const { files } = question ? this.#files(query) : this.#whollyReadable(query)
    for (const each of files) {
      const file = newest(each)
      const from = `FROM ${file.table} WHERE ${conditions(query)} AND ${toSql(query.filter, file).sql}`
      const read = (texts: readonly string[]): Event[] => {
        const events = texts.map(unpack)
        return match ? events.filter(match) : events
      }
      let done = 0
      try {
        for await (const rows of this.#stream(`SELECT ${packed} ${from}`, question)) {
          done += rows.length
          yield read(rows.map((row) => row[0] as string))
        }
      } catch (error) {
        if (/corrupt|checksum/i.test(String(error))) this.#days.suspect(file, error)
        if (!(error instanceof OutOfMemory)) throw error
        // A few lines that are large must not end what the rules look at: the rest in its order, as much as there is room for.
        for await (const texts of this.#little(question, file, from, done, packed)) yield read(texts)
      }
    }
  }

  async *#little(
    question: Question | undefined,
    file: DayFile,
    from: string,
    done: number,
    packed: string,
  ): AsyncIterable<string[]> {
    for (let at = done; ; at += FOUND) {
      const found = await this.#rows(question, `SELECT rowid ${from} ORDER BY rowid LIMIT ${FOUND} OFFSET ${at}`)
      for (let i = 0; i < found.length; i += WHOLE) {
        const ids = found.slice(i, i + WHOLE).map(([id]) => id as bigint)
        const whole = (await this.#packed(question, file, ids, packed)).sort(([a], [b]) => (a < b ? -1 : 1))
        yield whole.map(([, text]) => text)
      }
      if (found.length < FOUND) return
    }
  }

  /** Detection never skips: where the ingest window has a damaged day, it fails and says so. */
  #whollyReadable(query: Window): { files: DayFile[] } {
    const { files, missing } = this.#files(query)
    if (query.ingested?.after !== undefined && missing.length) {
      throw new StoreRefused(
        `the events of ${missing.map((m) => m.day).join(', ')} cannot be read (${missing[0]!.reason}): restore the day file from a backup, or delete it`,
      )
    }
    return { files }
  }

  async *#stream(sql: string, question?: Question): AsyncIterable<unknown[][]> {
    const { connection, end } = await this.#take(question)
    try {
      const result = await connection.stream(sql)
      for (;;) {
        question?.left()
        const chunk = await result.fetchChunk()
        if (!chunk || chunk.rowCount === 0) return
        yield chunk.getRows()
      }
    } catch (error) {
      throw this.#told(error, question)
    } finally {
      end()
    }
  }
}
