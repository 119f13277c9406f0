/**
 * What the inventory says of an event, remembered by what it was asked: events of one device to one portal differ in nothing
 * that the answer depends on. Where something is new all the time, nothing is remembered, and it is asked as often.
 */
import type { AddressFacts, Concern } from '../inventory/concern.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import { type Row, TEXT } from '../row/row.ts'

const SOURCE = field('vonglau.source.id')
const SENDER = field('log.source.address')
const SERIAL = field('observer.serial_number')
const NAME = field('observer.name')
const DOMAIN = field('url.domain')
const STATUS = field('http.response.status_code')

/** Values of one kind that are told apart, so that all of them together make a number that is exact. */
const MOST = 4096
const MOST_KINDS = 1024
/** Answers that are kept. */
const MOST_ANSWERS = 50_000

type Facts = Pick<AddressFacts, 'sites' | 'networks'> | undefined

export interface Verdicts {
  /** The remembered answer, or what `ask` says. */
  of(row: Row, facts: readonly [Facts, Facts, Facts, Facts], period: number, ask: () => Concern): Concern
}

export const openVerdicts = (): Verdicts => {
  const texts = [SOURCE, SENDER, SERIAL, NAME, DOMAIN].map(() => {
    let known = 0
    return new Memo(() => ++known, MOST)
  })
  const [sources, senders, serials, names, domains] = texts as [
    Memo<number>,
    Memo<number>,
    Memo<number>,
    Memo<number>,
    Memo<number>,
  ]
  const idOf = (row: Row, f: number, memo: Memo<number>): number =>
    row.place[f] === 0 || row.kind[f] !== TEXT ? 0 : memo.get(row.bytes, row.from[f]!, row.to[f]!)
  /** By the lists that it has: of most addresses nothing is known, and they are one kind. */
  const kinds = new Map<unknown, Map<unknown, number>>()
  let known = 0
  const kindOf = (facts: Facts): number => {
    if (facts === undefined) return 0
    let bySites = kinds.get(facts.sites)
    if (!bySites) kinds.set(facts.sites, (bySites = new Map()))
    let kind = bySites.get(facts.networks)
    if (kind === undefined) bySites.set(facts.networks, (kind = ++known))
    return kind
  }
  let answers = new Map<number, Map<number, Concern>>()
  let count = 0
  return {
    of: (row, [source, destination, translated, server], period, ask) => {
      const sender = idOf(row, SENDER, senders)
      const serial = idOf(row, SERIAL, serials)
      const name = idOf(row, NAME, names)
      const domain = idOf(row, DOMAIN, domains)
      const from = idOf(row, SOURCE, sources)
      const [a, b, c, d] = [kindOf(source), kindOf(destination), kindOf(translated), kindOf(server)]
      if (Math.max(sender, serial, name, domain) >= MOST || Math.max(a, b, c, d, from) >= MOST_KINDS || period > 15)
        return ask()
      const who = (((sender * MOST + serial) * MOST + name) * MOST_KINDS + from) * 2 + (row.place[STATUS] === 0 ? 0 : 1)
      const what = (((a * MOST_KINDS + b) * MOST_KINDS + c) * MOST_KINDS + d) * MOST + domain
      let known = answers.get(who * 16 + period)
      if (!known) answers.set(who * 16 + period, (known = new Map()))
      let answer = known.get(what)
      if (answer) return answer
      if (count++ >= MOST_ANSWERS) {
        answers = new Map()
        count = 0
      }
      known.set(what, (answer = ask()))
      return answer
    },
  }
}
