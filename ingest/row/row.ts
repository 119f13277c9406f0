/**
 * A row: what a parser says of one line, as byte ranges of one memory and numbers, by field handle. The memory is that of a
 * chunk: the chunk's lines as they came, and behind them scratch, where everything is written that does not stand in a line
 * as it is. From here it goes into a store's own form, or becomes an Event where a person or a rule needs one.
 *
 * What is looked at beyond the end of a text is never another text: a line's ending or NUL follows.
 *
 * The first of two values does not win here: what is said last holds. A value of no bytes says nothing.
 */
import { type Event, FIELDS, type Value } from '../event.ts'
import { type Address, addressOf } from './address.ts'
import type { Const } from './const.ts'
import { field, LASTING, lasting, MOST_HANDLES, nameOf, PASSING } from './handles.ts'

/** What a value is: a text, a whole number, a boolean, a list of texts, another number, anything else as JSON. */
export const TEXT = 1
export const LONG = 2
export const BOOLEAN = 3
export const LIST = 4
export const DOUBLE = 5
export const JSON_VALUE = 6
/** The values of other fields of the row (`of` of the field table): found when somebody asks. */
export const MADE = 7

/** Bytes that may be read or written beyond the end of what is used. */
const SLACK = 64
/** What one giant needed is not held for ever. */
const KEEP = 24 << 20

let epochs = 0

export class Row {
  bytes: Uint8Array<ArrayBuffer>
  view: DataView<ArrayBuffer>
  #buffer: Buffer
  /** The end of what is used. */
  at = 0
  /** Of the chunk: constants are written once in each. */
  epoch = 0
  /** Whether a byte below 32 stands in the line, or in what was made of it. */
  control = false

  /** The fields that were said, in their order; one that was said and taken back is not at its `place`. */
  readonly said = new Int32Array(MOST_HANDLES)
  count = 0
  /** Where in `said` a field stands, counted from 1; 0: it was not said. */
  readonly place = new Int32Array(MOST_HANDLES)
  readonly kind = new Uint8Array(MOST_HANDLES)
  /** Of a text where it lies in `bytes`; of a list which `items` it has. */
  readonly from = new Int32Array(MOST_HANDLES)
  readonly to = new Int32Array(MOST_HANDLES)
  readonly number = new Float64Array(MOST_HANDLES)
  readonly address: (Address | undefined)[] = new Array(MOST_HANDLES).fill(undefined)
  /** Ranges of `bytes`, two numbers an item. */
  items = new Int32Array(256)
  #items = 0
  #list = 0
  readonly #passing: string[] = []

  /** `bytes`: what a chunk of lines usually needs, scratch included. */
  constructor(bytes = 1 << 20) {
    const memory = new ArrayBuffer(bytes)
    this.bytes = new Uint8Array(memory)
    this.view = new DataView(memory)
    this.#buffer = Buffer.from(memory)
    this.reset()
  }

  /** Begins a chunk: everything in the memory is forgotten. */
  reset(): void {
    if (this.bytes.length > KEEP) this.#resize(KEEP)
    this.at = 0
    this.epoch = ++epochs
    this.begin()
  }
  #take(memory: ArrayBuffer): void {
    this.bytes = new Uint8Array(memory)
    this.view = new DataView(memory)
    this.#buffer = Buffer.from(memory)
  }
  /** Takes bytes into the memory; answers where they begin. */
  load(source: Uint8Array, from: number, to: number): number {
    this.reserve(to - from)
    const begin = this.at
    this.bytes.set(from === 0 && to === source.length ? source : source.subarray(from, to), begin)
    this.at = begin + to - from
    this.bytes[this.at] = 0
    return begin
  }
  /** Begins a row. */
  begin(): void {
    const { said, place } = this
    for (let i = 0; i < this.count; i++) place[said[i]!] = 0
    this.count = 0
    this.#items = 0
    this.control = false
    if (this.#passing.length > 0) this.#passing.length = 0
  }

  /** Begins a row of the same line. */
  again(): void {
    const { control } = this
    this.begin()
    this.control = control
  }

  /** Makes sure that so many bytes can be written at `at`. Views that were taken before show the same bytes, but no new ones. */
  reserve(bytes: number): void {
    if (this.at + bytes + SLACK > this.bytes.length)
      this.#resize(Math.max(this.bytes.length * 2, this.at + bytes + SLACK))
  }
  #resize(size: number): void {
    const memory = new ArrayBuffer((size + 7) & ~7)
    new Uint8Array(memory).set(this.bytes.subarray(0, Math.min(this.at, memory.byteLength)))
    this.#take(memory)
  }

  /** The handle of a name that stands in a line. */
  field(name: string): number {
    const known = lasting(name)
    if (known >= 0) return known
    const passing = this.#passing.indexOf(name)
    if (passing >= 0) return LASTING + passing
    // More than that no event has: what is beyond is only in the raw line.
    if (this.#passing.length === PASSING) this.#passing.pop()
    this.#passing.push(name)
    return LASTING + this.#passing.length - 1
  }
  nameOf(handle: number): string {
    return handle < LASTING ? nameOf(handle) : this.#passing[handle - LASTING]!
  }

  has(f: number): boolean {
    return this.place[f] !== 0
  }
  #say(f: number, kind: number): void {
    if (this.place[f] === 0) {
      this.said[this.count] = f
      this.place[f] = ++this.count
    }
    this.kind[f] = kind
  }
  text(f: number, from: number, to: number): void {
    if (from >= to) return
    this.#say(f, TEXT)
    this.from[f] = from
    this.to[f] = to
    this.address[f] = undefined
  }
  const(f: number, text: Const): void {
    const from = this.placed(text)
    this.text(f, from, from + text.bytes.length)
  }
  /** Where a constant lies in this chunk. */
  placed(text: Const): number {
    if (text.epoch !== this.epoch) {
      text.at = this.copy(text.bytes, 0, text.bytes.length)
      text.epoch = this.epoch
    }
    if (text.control) this.control = true
    return text.at
  }
  /** Whole and exact; another number is said by `double`. */
  long(f: number, n: number): void {
    this.#say(f, LONG)
    this.number[f] = n
  }
  double(f: number, n: number): void {
    this.#say(f, Number.isSafeInteger(n) && !Object.is(n, -0) ? LONG : DOUBLE)
    this.number[f] = n
  }
  boolean(f: number, value: boolean): void {
    this.#say(f, BOOLEAN)
    this.number[f] = value ? 1 : 0
  }
  /** An address in its canonical spelling. Answers undefined, and says nothing, where these bytes are none. */
  ip(f: number, from: number, to: number): Address | undefined {
    const address = addressOf(this.bytes, from, to)
    if (address !== undefined) this.putAddress(f, address, from, to)
    return address
  }
  /** As `ip`, of an address that was read from these bytes. */
  putAddress(f: number, address: Address, from: number, to: number): void {
    if (address.spelled === undefined) this.text(f, from, to)
    else this.const(f, address.spelled)
    this.address[f] = address
  }
  sayAddress(f: number, address: Address): void {
    this.const(f, address.canonical)
    this.address[f] = address
  }
  /** A text that was made: its bytes go to scratch. */
  string(f: number, text: string): void {
    const from = this.write(text)
    this.text(f, from, this.at)
  }
  copyOf(f: number, other: number): void {
    this.#say(f, this.kind[other]!)
    this.from[f] = this.from[other]!
    this.to[f] = this.to[other]!
    this.number[f] = this.number[other]!
    this.address[f] = this.address[other]
  }
  /** Begins a list; an empty one is as good as none. The items of one list are said before the next begins. */
  list(f: number): void {
    this.#say(f, LIST)
    this.#list = f
    this.from[f] = this.to[f] = this.#items
  }
  item(from: number, to: number): void {
    if (from >= to) return
    if (this.#items * 2 === this.items.length) {
      const larger = new Int32Array(this.items.length * 2)
      larger.set(this.items)
      this.items = larger
    }
    this.items[this.#items * 2] = from
    this.items[this.#items * 2 + 1] = to
    this.to[this.#list] = ++this.#items
  }
  constItem(text: Const): void {
    const from = this.placed(text)
    this.item(from, from + text.bytes.length)
  }
  stringItem(text: string): void {
    const from = this.write(text)
    this.item(from, this.at)
  }
  /** A value of no kind of its own. */
  json(f: number, value: unknown): void {
    const from = this.write(JSON.stringify(value))
    this.#say(f, JSON_VALUE)
    this.from[f] = from
    this.to[f] = this.at
  }
  /** A field that is made of others. */
  made(f: number): void {
    this.#say(f, MADE)
  }
  /** Whether what was said of such a field is what would be made. */
  isMade(f: number): boolean {
    if (this.kind[f] === MADE) return true
    const said = this.value(f)
    const made = this.#derived(f)
    return Array.isArray(said) && said.length === made.length && made.every((text, i) => text === said[i])
  }
  #derived(f: number): string[] {
    const out: string[] = []
    for (const each of sourcesOf(f)) {
      const text = this.get(each)
      if (text !== undefined && !out.includes(text)) out.push(text)
    }
    return out
  }
  /** Takes back what was said. */
  unsay(f: number): void {
    this.place[f] = 0
  }

  /** Bytes to scratch; answers where they begin. */
  copy(source: Uint8Array, from: number, to: number): number {
    this.reserve(to - from)
    const begin = this.at
    const { bytes } = this
    if (to - from > 32) bytes.set(source.subarray(from, to), begin)
    else for (let i = from, at = begin; i < to; i++) bytes[at++] = source[i]!
    this.at = begin + to - from
    bytes[this.at] = 0
    return begin
  }
  /** A text to scratch, half a pair of surrogates as U+FFFD; answers where it begins. */
  write(text: string): number {
    this.reserve(text.length * 3)
    const begin = this.at
    this.at = begin + this.#buffer.write(text, begin)
    this.bytes[this.at] = 0
    this.look(begin, this.at)
    return begin
  }
  /** Notes whether a control character stands there. */
  look(from: number, to: number): void {
    const { bytes } = this
    if (this.control) return
    for (let i = from; i < to; i++)
      if (bytes[i]! < 32) {
        this.control = true
        return
      }
  }

  /** The text of a field; undefined where none was said. */
  get(f: number): string | undefined {
    return this.place[f] !== 0 && this.kind[f] === TEXT ? this.slice(this.from[f]!, this.to[f]!) : undefined
  }
  slice(from: number, to: number): string {
    return this.#buffer.toString('utf8', from, to)
  }
  /** The same as an object. */
  event(): Event {
    const event: Event = {}
    for (let i = 0; i < this.count; i++) {
      const f = this.said[i]!
      if (this.place[f] !== i + 1) continue
      const value = this.value(f)
      if (value !== undefined) put(event, this.nameOf(f), value)
    }
    return event
  }
  value(f: number): Value | undefined {
    switch (this.kind[f]) {
      case TEXT:
        return this.slice(this.from[f]!, this.to[f]!)
      case LIST: {
        const out: string[] = []
        for (let i = this.from[f]!; i < this.to[f]!; i++)
          out.push(this.slice(this.items[i * 2]!, this.items[i * 2 + 1]!))
        return out.length === 0 ? undefined : out
      }
      case MADE: {
        const out = this.#derived(f)
        return out.length === 0 ? undefined : out
      }
      case BOOLEAN:
        return this.number[f] === 1
      case JSON_VALUE:
        return JSON.parse(this.slice(this.from[f]!, this.to[f]!)) as Value
      default:
        return this.number[f]!
    }
  }

  /** Says what an event says. */
  put(event: Event): void {
    const names = Object.keys(event)
    const values = Object.values(event)
    for (let i = 0; i < names.length; i++) {
      const value = values[i]
      if (value === undefined) continue
      const f = this.field(names[i]!)
      if (typeof value === 'string') {
        if (value === '') this.json(f, '')
        else if (ADDRESS[f] === 1) {
          const from = this.write(value)
          this.text(f, from, this.at)
          this.address[f] = addressOf(this.bytes, from, this.at)
        } else this.string(f, value)
      } else if (typeof value === 'number') {
        if (Number.isFinite(value)) this.double(f, value)
        else this.json(f, value)
      } else if (typeof value === 'boolean') this.boolean(f, value)
      else if (
        Array.isArray(value) &&
        value.length > 0 &&
        value.every((item) => typeof item === 'string' && item !== '')
      ) {
        this.list(f)
        for (const item of value) this.stringItem(item as string)
      } else this.json(f, value)
    }
  }
}

/** Fields that hold one address: 1. */
export const ADDRESS = new Uint8Array(MOST_HANDLES)
for (const { name, type, list } of FIELDS) if (type === 'ip' && !list) ADDRESS[field(name)] = 1

/** Of fields that are made of others: these. */
const OF = new Map(FIELDS.flatMap(({ name, of }) => (of ? [[field(name), of.map(field)] as const] : [])))
const NONE: readonly number[] = []
export const sourcesOf = (f: number): readonly number[] => OF.get(f) ?? NONE

/** `__proto__` is a name like any other. */
const put = (event: Event, name: string, value: Value): void => {
  if (name === '__proto__')
    Object.defineProperty(event, name, { value, enumerable: true, configurable: true, writable: true })
  else event[name] = value
}
